"""What an answer is worth that needs no memory, and one that needs no learning."""
