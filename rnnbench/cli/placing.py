"""Where a trained model computes, and with which numbers."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from typing import Any

from rnnbench.errors import UserError

PRECISIONS = ("32-true", "64-true", "bf16-mixed")
"""Named as Lightning names them."""


def placing(arguments: argparse.Namespace) -> Callable[[Any], Any]:
    """What moves a model to ``--device`` and gives its weights the type of ``--precision``.

    Raises:
        UserError: There is no such device.
    """
    import torch

    hint = f"there are: {', '.join(_devices())}"
    try:
        device = torch.device(arguments.device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"there is no device {arguments.device!r}", where="--device", hint=hint) from None
    if device.type == "meta":
        raise UserError("computes nothing", where="--device meta", hint=hint)
    dtype = torch.float64 if arguments.precision == "64-true" else None
    if device.type == "mps" and dtype is not None:
        raise UserError("has no numbers of 64 bits", where=f"--device {arguments.device}", hint="--precision 32-true")
    return lambda model: model.to(device=device, dtype=dtype)


def in_precision(arguments: argparse.Namespace) -> contextlib.AbstractContextManager[Any]:
    """Lets products be computed in bfloat16, or new numbers be of 64 bits, where ``--precision`` says so."""
    import torch
    from lightning.pytorch.plugins.precision import DoublePrecision

    if arguments.precision == "bf16-mixed":
        return torch.autocast(torch.device(arguments.device).type, torch.bfloat16)
    return DoublePrecision().forward_context() if arguments.precision == "64-true" else contextlib.nullcontext()


def _devices() -> list[str]:
    import torch

    gpus = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else [])]
