"""After what a schedule of the learning rate is stepped."""

from __future__ import annotations

from typing import Any, Literal

from torch.optim.lr_scheduler import CyclicLR, OneCycleLR

Interval = Literal["epoch", "step"]


def counts(scheduler: Any) -> Interval:
    """What a schedule counts: optimizer steps or epochs.

    Args:
        scheduler: A schedule; one of your own that counts steps says so: ``counts = "step"``.
    """
    by_step = isinstance(scheduler, (OneCycleLR, CyclicLR)) or getattr(scheduler, "counts", None) == "step"
    return "step" if by_step else "epoch"
