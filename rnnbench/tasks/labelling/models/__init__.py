"""Taggers that are trained."""
