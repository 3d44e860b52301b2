"""Models that draw images, and those that say how likely an image is."""
