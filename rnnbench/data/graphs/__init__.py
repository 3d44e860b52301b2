"""Graphs: where they come from, and their batches."""
