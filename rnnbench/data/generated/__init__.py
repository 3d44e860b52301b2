"""Data made on the spot, the same on every machine."""
