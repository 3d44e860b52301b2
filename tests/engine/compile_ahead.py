"""Compiles the Triton kernels of cells for GPUs that are not there: ``python compile_ahead.py 90 LSTM GRU``.

In a process of its own, because Triton decides at import whether it interprets. Prints each kernel with the bytes of
machine code it became.
"""

import importlib
import sys

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from rnnbench import cells
from rnnbench.engine.cuda import scan_kernels
from rnnbench.engine.cuda.compiled import Launch, compile_plan
from rnnbench.engine.traced.lowering import Unsupported
from rnnbench.engine.traced.prepare import prepare


def compiled(function, signature, constants, warps, target):
    """Bytes of machine code."""
    source = ASTSource(fn=function, signature=signature, constexprs=constants)
    made = triton.compile(source, target=target, options={"num_warps": warps})
    return len(made.asm["cubin"])


def row_kernels(name, number, target):
    """Compiles all kernels of a cell, for sequences of one length and of different ones."""
    torch.manual_seed(0)
    try:
        plan = prepare(getattr(cells, name)(20, 24), False).plan
    except Unsupported:
        return
    for ragged in (False, True):
        program = compile_plan(plan, ragged)
        for launch in (*program.forward, *program.backward):
            if isinstance(launch, Launch):
                signature = {str(buffer): f"*{number}" for buffer in launch.kernel.buffers}
                signature |= {"lengths": "*i64", "t": "i32"} if ragged else {}
                size = compiled(launch.function, signature, {}, launch.kernel.warps, target)
                print(name, launch.kernel.name, ragged, size)


def scans(number, target):
    """Compiles the scans of real and of complex numbers, forward and backward."""
    for kernel in (scan_kernels.scan_real, scan_kernels.scan_complex):
        for backward in (False, True):
            constants = {"backward": backward, "times": 32, "units": 32}
            numbers = ("steps", "width", "a_row", "a_step", "a_unit")
            signature = {
                one: "constexpr" if one in constants else "i32" if one in numbers else f"*{number}"
                for one in kernel.arg_names
            }
            print(kernel.__name__, backward, compiled(kernel, signature, constants, 4, target))


if __name__ == "__main__":
    architecture, number, *names = sys.argv[1:]
    gpu = GPUTarget("cuda", int(architecture), 32)
    importlib.import_module("triton.language")
    for one in names:
        row_kernels(one, number, gpu)
    scans(number, gpu)
