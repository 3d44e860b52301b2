"""Functions of row kernels that Triton lacks, in float32 and float64; what is not a number stays so.

Written in Triton's own operations rather than in those of CUDA's libdevice, so that Triton's interpreter runs what a
GPU runs. Import only where triton is.
"""

# mypy: allow-untyped-defs

import triton
import triton.language as tl


@triton.jit
def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def expm1(x):
    """Exp(x) - 1, to full precision near 0.

    With u = exp(x) rounded, (u - 1) x / log(u) is accurate because the errors of u in both factors cancel: W. Kahan.
    """
    u = tl.exp(x)
    near = tl.where(u == 1.0, x, (u - 1.0) * (x / tl.where(u == 1.0, 1.0, tl.log(u))))
    return tl.where(tl.abs(x) < 0.5, near, u - 1.0)


@triton.jit
def log1p(x):
    """Log(1 + x), to full precision near 0: x log(u) / (u - 1) with u = 1 + x rounded."""
    u = 1.0 + x
    near = tl.where(u == 1.0, x, tl.log(u) * (x / tl.where(u == 1.0, 1.0, u - 1.0)))
    return tl.where(tl.abs(x) < 0.5, near, tl.log(u))


@triton.jit
def tanh(x):
    """E / (E + 2) with E = exp(2 x) - 1; past 20 it is 1 in float64."""
    x = tl.where(x > 20.0, 20.0, tl.where(x < -20.0, -20.0, x))
    e = expm1(2.0 * x)
    return e / (e + 2.0)


@triton.jit
def softplus(x):
    """Log(1 + exp(x)) without overflow."""
    return tl.where(x > 0.0, x, 0.0) + log1p(tl.exp(-tl.abs(x)))


@triton.jit
def probe(x):
    """Doubles one number: to see whether anything compiles and runs at all."""
    tl.store(x, 2.0 * tl.load(x))
