"""Networks whose states are read."""
