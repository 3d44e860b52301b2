"""Recurrent cells on CUDA: the plans of `rnnbench.engine.traced`, run as Triton kernels around cuBLAS products.

    emit.py     writes the row kernels of a plan as Triton (row_math.py has their functions)
    device.py   says whether the machine has what they need
    compiled.py turns generated source into kernels, for one plan: a program
    loop.py     runs a program over time, forward and backward; one product after it for each weight's gradient
    graphs.py   captures a whole loop in a CUDA graph once its shapes come again (arena.py: its memory)
    engine.py   `TritonEngine`
    scan.py     `ScanEngine`: linear recurrences as one associative scan (scan_kernels.py)

The step is traced, differentiated and scheduled as on the CPU. On a GPU the loop over time runs on the host, since a
step is a handful of kernels, and the cost of launching them is what a CUDA graph takes away: T steps are replayed by
one call. Nothing here imports triton before it is needed; row_math.py and scan_kernels.py, which are Triton, are
imported late.
"""

from rnnbench.engine.cuda.engine import TritonEngine
from rnnbench.engine.cuda.scan import ScanEngine

__all__ = ["ScanEngine", "TritonEngine"]
