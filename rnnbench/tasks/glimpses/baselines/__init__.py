"""What a network that looks has to beat: networks that see the whole image at once."""
