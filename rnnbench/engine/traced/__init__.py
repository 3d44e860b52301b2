"""A step in PyTorch, watched once, as a plan that any back end can run over time. Knows no language and no device.

trace.py     runs the step once and writes down what it does (lowering.py: which operations)      graph.py: as what
buffers.py   what kernels and products read and write
gradient.py  differentiates it, and decides what the forward saves
schedule.py  puts it in order: row kernels, products with weights, row kernels, ...
loops.py     which loops over a row a kernel takes (reuse.py: so that what is saved may take another's place)
plan.py      all of the above for one cell; prepare.py keeps it beside the cell

Plans depend on a cell's step and sizes alone: one serves any batch, length and type of numbers.
"""
