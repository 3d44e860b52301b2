"""Stories with questions about them."""
