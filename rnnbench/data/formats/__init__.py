"""How files are read: plain and parallel text, columns, records, parse trees; and where in them a row stands."""
