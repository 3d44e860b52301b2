"""What a tagger has to beat."""
