"""Recordings: read, changed at random in training, turned into features."""
