"""Encoders: images or their features in, a vector for each region out."""
