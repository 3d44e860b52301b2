"""Language models that are trained."""
