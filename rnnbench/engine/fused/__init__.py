"""The fused engine: the user writes one step in PyTorch, the loop over time runs in native code.

    native.py    a plan of `rnnbench.engine.traced` as native code
    emit.py      writes row kernels as C++; row_math.cpp has their functions
    *.cpp        what is compiled once for all cells: the loop over time, products, threads
    build.py     compiles, and caches libraries
    layout.py    how sequences of different lengths lie in memory
    run.py       allocates buffers, calls the loop, and is a torch.autograd.Function
    linear.py    the products outside of the loop, where torch's are slow
    engine.py    the engine that the rest of the package sees

Three things make it fast. Each thread runs all steps for its own sequences, so that there is neither Python nor a
barrier in the loop. What lies between products is a few loops over a row, forward and backward, instead of an
operation of PyTorch for each symbol. And no weight gradient is computed in the loop: the gradients of all products'
results stand in one buffer, and one large product after the loop makes the gradient of each weight from it.
"""

from rnnbench.engine.fused.engine import FusedEngine

__all__ = ["FusedEngine"]
