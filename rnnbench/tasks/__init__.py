"""Applications: one folder each, with its data, its models and its metrics."""
