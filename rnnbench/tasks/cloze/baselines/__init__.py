"""What can be said of a blank without looking around it."""
