"""The associative scan of linear recurrences as Triton kernels. Import only where triton is.

A program runs over the time of one sequence and some of its units, a tile of steps after the other: the steps of a tile
are read at once and combined by an associative scan, and the state after the tile goes into the next. All tensors but
the factors a are contiguous ``(B, T, H)``, the first state ``(B, H)``; the factors may have strides of 0, where they
are constant.
"""

# mypy: allow-untyped-defs

import triton
import triton.language as tl


@triton.jit
def after(a, b, a_next, b_next):
    """Two steps h = a h' + b as one."""
    return a_next * a, a_next * b + b_next


@triton.jit
def after_complex(ar, ai, br, bi, cr, ci, dr, di):
    """Two steps of complex numbers as one, by real and imaginary parts: first a, b, then c, d."""
    return cr * ar - ci * ai, cr * ai + ci * ar, cr * br - ci * bi + dr, cr * bi + ci * br + di


@triton.jit
def tile(first, steps, width, a_row, a_step, a_unit, backward, times, units):
    """Offsets of a tile in the factors and in all else, and which of both are there.

    Forward, h[t] = a[t] h[t - 1] + b[t]. Backward in time, g[t] = a[t + 1] g[t + 1] + b[t], with 1 for the factor past
    the end.
    """
    row = tl.program_id(0).to(tl.int64)
    unit = tl.program_id(1) * units + tl.arange(0, units)
    place = first + tl.arange(0, times)
    t = steps - 1 - place if backward else place
    t_factor = t + 1 if backward else t
    inside = (place < steps)[:, None] & (unit < width)[None, :]
    factors = row * a_row + t_factor[:, None] * a_step + unit[None, :] * a_unit
    return factors, inside & (t_factor < steps)[:, None], (row * steps + t)[:, None] * width + unit[None, :], inside


@triton.jit
def scan_real(
    a, b, start, out, steps, width, a_row, a_step, a_unit,
    backward: tl.constexpr, times: tl.constexpr, units: tl.constexpr,
):  # fmt: skip
    """Writes all states of real numbers."""
    unit = tl.program_id(1) * units + tl.arange(0, units)
    state = tl.load(start + tl.program_id(0) * width + unit, mask=unit < width, other=0.0)
    last = (tl.arange(0, times) == times - 1)[:, None]
    first = 0
    while first < steps:
        factors, known, places, inside = tile(first, steps, width, a_row, a_step, a_unit, backward, times, units)
        # Past the end, h = 1 h' + 0: the last row of every tile is the state after it.
        x = tl.load(a + factors, mask=known, other=1.0)
        y = tl.load(b + places, mask=inside, other=0.0)
        x, y = tl.associative_scan((x, y), 0, after)
        y = x * state[None, :] + y
        tl.store(out + places, y, mask=inside)
        state = tl.sum(tl.where(last, y, 0.0), axis=0)
        first += times


@triton.jit
def scan_complex(
    ar, ai, br, bi, start_r, start_i, out_r, out_i,
    steps, width, a_row, a_step, a_unit,
    backward: tl.constexpr, times: tl.constexpr, units: tl.constexpr,
):  # fmt: skip
    """Writes all states of complex numbers; backward in time with conjugate factors."""
    unit = tl.program_id(1) * units + tl.arange(0, units)
    state_r = tl.load(start_r + tl.program_id(0) * width + unit, mask=unit < width, other=0.0)
    state_i = tl.load(start_i + tl.program_id(0) * width + unit, mask=unit < width, other=0.0)
    last = (tl.arange(0, times) == times - 1)[:, None]
    first = 0
    while first < steps:
        factors, known, places, inside = tile(first, steps, width, a_row, a_step, a_unit, backward, times, units)
        xr = tl.load(ar + factors, mask=known, other=1.0)
        xi = tl.load(ai + factors, mask=known, other=0.0)
        if backward:
            xi = -xi
        yr = tl.load(br + places, mask=inside, other=0.0)
        yi = tl.load(bi + places, mask=inside, other=0.0)
        xr, xi, yr, yi = tl.associative_scan((xr, xi, yr, yi), 0, after_complex)
        yr, yi = (
            xr * state_r[None, :] - xi * state_i[None, :] + yr,
            xr * state_i[None, :] + xi * state_r[None, :] + yi,
        )
        tl.store(out_r + places, yr, mask=inside)
        tl.store(out_i + places, yi, mask=inside)
        state_r = tl.sum(tl.where(last, yr, 0.0), axis=0)
        state_i = tl.sum(tl.where(last, yi, 0.0), axis=0)
        first += times
