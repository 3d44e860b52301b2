"""What an application hands over to be exported: its forward pass as a graph, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

Axes = tuple[str | int, ...]
"""Sizes of a tensor: names of those that may be any, such as ``batch``, and numbers."""


@dataclass(frozen=True)
class Graph:
    """A forward pass from tensors to tensors.

    Args:
        module: It takes the inputs in their order and gives a tuple of the outputs.
        inputs: Name of each input -> its sizes.
        outputs: Names of the outputs.
        example: Makes inputs of so many sequences of up to so many steps: what they hold is drawn anew each time.
        beside: Plain values that a program needs around the graph: vocabulary, labels.
    """

    module: nn.Module
    inputs: Mapping[str, Axes]
    outputs: tuple[str, ...]
    example: Callable[[int, int], tuple[Tensor, ...]]
    beside: dict[str, Any] = field(default_factory=dict)
