"""What an answer is worth that does not read, or hardly."""
