"""What can be said without memory, and without looking."""
