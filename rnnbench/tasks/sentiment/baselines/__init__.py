"""What a classifier has to beat."""
