"""Models of replies that are trained."""
