"""Decoders: what an encoder made of an image in, a caption out."""
