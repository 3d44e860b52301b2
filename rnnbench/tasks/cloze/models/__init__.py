"""Networks that fill blanks."""
