"""Models that are trained."""
