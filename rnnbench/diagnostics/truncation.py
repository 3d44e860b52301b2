"""What truncated backpropagation through time leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rnnbench.diagnostics.backpropagation import Gradients, backpropagate
from rnnbench.diagnostics.unroll import Unrolled


class Truncation(NamedTuple):
    """The gradient of truncated backpropagation beside that of all steps, over the parameters of `step` and its input.

    Args:
        length: Steps of a chunk.
        bias: ||g_truncated - g|| / ||g||.
        cosine: Cosine of the angle between them.
        size: ||g_truncated|| / ||g||.
    """

    length: int
    bias: float
    cosine: float
    size: float


def truncation(run: Unrolled, outputs: Tensor, lengths: Sequence[int] | None = None) -> list[Truncation]:
    """Compares truncated backpropagation with all of it.

    Args:
        run: The cell over time.
        outputs: What the rest of the network hands down, dL/dy ``(B, T, O)``.
        lengths: Lengths of chunks; None for 1, 2, 4, ... below T.

    Returns:
        One row for each length; none where the gradient is zero.
    """
    given = outputs.detach().cpu().double()
    if lengths is None:
        lengths = [2**power for power in range(run.steps.bit_length()) if 2**power < run.steps]
    whole = _vector(backpropagate(run, given))
    size = float(whole.norm())
    if size == 0:
        return []
    found = []
    for length in lengths:
        part = _vector(backpropagate(run, given, every=length))
        cosine = float(part @ whole) / (size * float(part.norm()) or 1.0)
        found.append(Truncation(length, float((part - whole).norm()) / size, cosine, float(part.norm()) / size))
    return found


def _vector(gradients: Gradients) -> Tensor:
    return torch.cat([gradients.z.sum((0, 1)), *(value.flatten() for value in gradients.parameters.values())])
