"""Decoders: what the encoder made of a sentence in, its translation out."""
