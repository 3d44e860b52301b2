"""Finite automata: made of a rule, of a regular expression or of a file; their words."""
