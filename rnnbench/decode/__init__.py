"""Decoders: they know only a step, a state and how to select its rows."""
