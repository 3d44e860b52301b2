"""Captioners that are trained."""
