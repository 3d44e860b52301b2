"""What a translator has to beat."""
