"""What is known without a graph network."""
