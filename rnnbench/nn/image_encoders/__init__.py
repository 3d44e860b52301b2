"""Encoders: images in, a vector for each region out."""
