"""Trees over the words of a sentence: a parser's, or of a fixed shape; and generated expressions."""
