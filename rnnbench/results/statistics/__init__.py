"""How sure a comparison is: intervals, tests, corrections, aggregation over tasks. Knows numbers alone, no runs.

Imported only where numbers are weighed: it needs numpy and scipy, which the rest of ``rnnbench.results`` does without.
"""
