"""Where data comes from and how it reaches a model: sources, cards, vocabularies, batches."""
