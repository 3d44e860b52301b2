"""What a model of images has to beat."""
