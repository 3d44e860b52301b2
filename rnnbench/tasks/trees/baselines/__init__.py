"""Models without a tree."""
