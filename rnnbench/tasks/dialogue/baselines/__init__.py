"""What a model of replies has to beat."""
