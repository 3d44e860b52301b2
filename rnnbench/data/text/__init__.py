"""Text to numbers and back: words, characters, subwords, and pretrained vectors of them."""
