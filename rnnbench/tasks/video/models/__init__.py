"""Networks that look at clips."""
