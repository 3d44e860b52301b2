"""Whether the machine has what the engines for CUDA need."""

from __future__ import annotations

import functools
import importlib.util

import torch
from torch import Tensor

from rnnbench.engine.base import wrong_device


def on_cuda(x: Tensor, engine: str) -> None:
    """Sees to it that the input of a call is on a CUDA device.

    Args:
        x: The input.
        engine: Name of the engine that was called.

    Raises:
        UserError: It is somewhere else.
    """
    if x.device.type != "cuda":
        raise wrong_device(engine, "CUDA", x.device)


def missing(device: torch.device | None) -> str | None:
    """What is missing here, in words that end a sentence; None where kernels compile and run.

    Args:
        device: The device; None for the current one.
    """
    if device is not None and device.type != "cuda":
        return f"it runs on CUDA only, not on {device.type}"
    if not torch.cuda.is_available():
        return "it runs on CUDA only, and there is no such device"
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    return _failure(torch.device("cuda", torch.cuda.current_device()) if device is None else device)


@functools.cache
def _failure(device: torch.device) -> str | None:
    """Why a kernel of one line does not run on a device: no C compiler, say, or a GPU that Triton does not know."""
    try:
        from rnnbench.engine.cuda.row_math import probe

        with torch.inference_mode(False), torch.cuda.device(device):
            x = torch.ones(1, device=device)
            probe[(1,)](x)
            found = float(x)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        return f"triton cannot compile for {device} ({type(error).__name__}: {lines[0][:200]})"
    return None if found == 2 else f"triton's kernels give wrong numbers on {device}"
