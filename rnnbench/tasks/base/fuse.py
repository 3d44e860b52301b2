"""Optimizers that update all weights in one pass."""

from __future__ import annotations

from torch.optim import SGD, Adagrad, Adam, Optimizer

_DEVICES: dict[type[Optimizer], tuple[str, ...]] = {Adam: ("cpu", "cuda"), SGD: ("cpu", "cuda"), Adagrad: ("cpu",)}
"""What torch has fused steps for, and where; AdamW is an Adam."""


def fuse(optimizer: Optimizer) -> None:
    """Lets an optimizer of torch take its fused steps, where it has any and its options say nothing of them.

    On a CPU torch goes from weight to weight otherwise, with a pass over memory for every operation: Adam takes four
    times as long. ``fused: false`` keeps it so.

    Args:
        optimizer: The optimizer, its weights on the device where they are trained.
    """
    devices = next((found for kind, found in _DEVICES.items() if isinstance(optimizer, kind)), ())
    for group in optimizer.param_groups:
        # None where nobody has asked for it or against it.
        is_open = group.get("fused", False) is None and not group["foreach"] and not group["differentiable"]
        if is_open and all(one.is_floating_point() and one.device.type in devices for one in group["params"]):
            group["fused"] = True
