"""The charts of a report, one a module: each takes what it draws and returns a `Chart`, or None for nothing."""
