"""Scenes of coloured shapes: what is in them, how they look, and what may be said of them."""
