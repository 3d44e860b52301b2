"""Networks that look at an image glimpse by glimpse."""
