"""``rnnbench report``: results as a page to read, tables for papers, and figures. Reads files; imports no torch."""
