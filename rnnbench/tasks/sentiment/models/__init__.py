"""Classifiers that are trained."""
