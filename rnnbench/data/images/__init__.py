"""Images: read, changed at random in training, and the maps that networks have made of them."""
