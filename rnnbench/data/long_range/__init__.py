"""Made-up sequences that ask how far a network remembers, and pictures read as long sequences."""
