"""Engines: the ways a cell is run over time.

base.py       what an engine is
reference.py  the loop over `step` that all others are tested against
auto.py       takes the fastest of the others, on each device (prove.py: compares it with the reference first)
torch_layers.py, chunkwise.py   layers of torch.nn; a matrix memory in chunks
traced/       a step, watched once, as a plan of kernels and products: knows no language and no device
fused/        a plan as C++ on CPUs
cuda/         a plan as Triton kernels; linear recurrences as a scan
precision.py  how precise recurrent products are, the same on every engine
select.py     what the name of an engine means
"""

from rnnbench.engine.base import Engine
from rnnbench.engine.precision import recurrent_precision
from rnnbench.engine.select import EngineName, select_engine

__all__ = ["Engine", "EngineName", "recurrent_precision", "select_engine"]
