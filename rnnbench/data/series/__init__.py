"""Time series: reading, checking, cutting into windows."""
