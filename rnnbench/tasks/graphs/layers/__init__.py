"""Layers over graphs: those of a library, and messages of our own."""
