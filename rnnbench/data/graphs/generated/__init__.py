"""Graphs that are made on the spot."""
