"""Whether the machine has what the engines for CUDA need."""

from __future__ import annotations

import importlib.util

import torch
from torch import Tensor

from rnnbench.errors import UserError


def on_cuda(x: Tensor | None = None, engine: str = "") -> str | None:
    """Why nothing runs on CUDA here, in words that end a sentence; None where there is a device.

    Args:
        x: The input of a call to ``engine``, which has to be on such a device.
        engine: Name of the engine that was called.

    Raises:
        UserError: The input is somewhere else.
    """
    if x is not None and x.device.type != "cuda":
        raise UserError(f"the {engine} engine runs on CUDA only, found a tensor on {x.device}", hint="engine: auto")
    return None if torch.cuda.is_available() else "it runs on CUDA only, and there is no such device"


def missing_triton() -> str | None:
    """Why nothing can be compiled, in words that end a sentence; None where triton is installed."""
    return "triton is not installed" if importlib.util.find_spec("triton") is None else None
