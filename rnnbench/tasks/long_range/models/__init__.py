"""Networks that answer."""
