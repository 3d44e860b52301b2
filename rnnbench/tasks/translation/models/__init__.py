"""Translators that are trained."""
