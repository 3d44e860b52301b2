"""How many threads, and whose."""

from __future__ import annotations

import ctypes
import functools
from pathlib import Path

import torch

from rnnbench.machine import after_fork

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


# The threads of OpenMP do not survive a fork: a child that wakes them waits for ever.
after_fork(_after_fork)


def thread_count(most: int) -> int:
    """Threads for work that can be cut into ``most`` parts: torch's number, one in a forked process."""
    return 1 if _forked else max(1, min(torch.get_num_threads(), most))


@functools.cache
def parallel() -> ctypes.c_void_p:
    """The address of GOMP_parallel in the OpenMP that torch uses; null where torch uses another one."""
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib"):
        if (folder / name).is_file():
            try:
                function = ctypes.CDLL(str(folder / name)).GOMP_parallel
            except AttributeError:
                break
            return ctypes.cast(function, ctypes.c_void_p)
    return ctypes.c_void_p(None)
