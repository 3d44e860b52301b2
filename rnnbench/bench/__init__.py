"""``make bench``: how long a training step takes, as ratios inside one run, written to BENCHMARKS.md."""
