"""Samples of different lengths in batches: formed, dealt out to processes, and read as strips."""
