"""The matrix product and the threads that torch itself uses, as addresses for native code.

Torch's own library exports a BLAS. Where that is MKL, weights are packed once a call, which makes products of a few rows
faster by a tenth. Its OpenMP is used as well: a second pool of threads would compete with the first one's.
"""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path
from typing import Any

import torch

_PACKED = ("cblas_sgemm_pack_get_size", "cblas_sgemm_pack", "cblas_sgemm_compute")


def missing_symbol() -> str | None:
    """Why there is no matrix product to call, in words that end a sentence; None where there is one."""
    if _library() is None or _address("sgemm_") is None or _address("dgemm_") is None:
        return "this build of torch exports no BLAS (sgemm_, dgemm_)"
    return None


@functools.cache
def functions(single: bool) -> Any:
    """The table of functions that ``time_loop.cpp`` calls.

    Args:
        single: Whether for float32.
    """
    packed = [_address(name) for name in _PACKED]
    if not single or None in packed:
        packed = [None] * len(_PACKED)
    multiply = _address("sgemm_" if single else "dgemm_")
    table = [*packed, multiply, _address("MKL_Set_Num_Threads_Local"), _address("GOMP_parallel")]
    return (ctypes.c_void_p * len(table))(*table)


@functools.cache
def _library() -> ctypes.CDLL | None:
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib"):
        if (folder / name).is_file():
            return ctypes.CDLL(str(folder / name))
    return None


def _address(name: str) -> int | None:
    try:
        return ctypes.cast(getattr(_library(), name), ctypes.c_void_p).value
    except AttributeError:
        return None
