"""Clips: their frames, whatever file they are in, and what holds at each of them."""
