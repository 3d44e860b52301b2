"""What an application hands over to be exported: its forward pass as a graph, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import StackState, leaves, unflatten

Axes = tuple[str | int, ...]
"""Sizes of a tensor: names of those that may be any, such as ``batch``, and numbers."""

Outputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class Graph:
    """A forward pass from tensors to tensors.

    Args:
        module: It takes the inputs in their order and gives a tuple of the outputs.
        inputs: Name of each input -> its sizes.
        outputs: Names of the outputs.
        example: Makes inputs of so many sequences of up to so many steps: what they hold is drawn anew each time.
        beside: Plain values that a program needs around the graph: vocabulary, labels.
        name: What its files are called; a model may be several graphs.
    """

    module: nn.Module
    inputs: Mapping[str, Axes]
    outputs: tuple[str, ...]
    example: Callable[[int, int], tuple[Tensor, ...]]
    beside: dict[str, Any] = field(default_factory=dict)
    name: str = "model"


class Computed(nn.Module):
    """What is computed with a model, as a module that has the model's weights.

    Args:
        model: The model.
        compute: Takes the inputs in their order and gives a tuple of the outputs.
    """

    def __init__(self, model: nn.Module, compute: Callable[..., Outputs]) -> None:
        super().__init__()
        self.model = model
        self.compute = compute

    def forward(self, *inputs: Tensor) -> Outputs:
        """The outputs."""
        return self.compute(*inputs)


def lengths_up_to(batch: int, steps: int) -> Tensor:
    """Lengths of sequences ``(B,)`` int64 from 1 up, the longest of so many steps.

    Args:
        batch: B.
        steps: The longest.
    """
    lengths = torch.randint(1, steps + 1, (batch,))
    lengths[-1] = steps
    return lengths


def step_graph(
    model: nn.Module,
    step: Callable[[Tensor, StackState], tuple[Tensor, StackState]],
    initial_state: Callable[[int], StackState],
    reads: tuple[str, Axes],
    draw: Callable[[int], Tensor],
    says: str,
    beside: Mapping[str, Any],
) -> Graph:
    """One step: what is read and the leaves of the state, ``state_0`` ..., to what is said and the leaves after it.

    Args:
        model: The model.
        step: Takes what is read ``(B, ...)`` and the state; gives what is said ``(B, ...)`` and the state after it.
        initial_state: Makes the state of so many sequences before the first step.
        reads: Name and sizes of what is read.
        draw: Draws what so many sequences read.
        says: Name of what is said.
        beside: See `Graph`; ``state``, where to start, comes to it.
    """
    like = initial_state(1)
    first = leaves(like)
    names = [f"state_{number}" for number in range(len(first))]

    def compute(read: Tensor, *state: Tensor) -> Outputs:
        said, after = step(read, unflatten(list(state), like))
        # A leaf that is handed on as it came would be no output of its own.
        return said, *(leaf.clone() for leaf in leaves(after))

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        state = initial_state(batch)
        # A state that a network can be in.
        for _ in range(steps):
            _, state = step(draw(batch), state)
        return draw(batch), *(leaf.contiguous() for leaf in leaves(state))

    sizes: dict[str, Axes] = {name: ("batch", *leaf.shape[1:]) for name, leaf in zip(names, first, strict=True)}
    return Graph(
        module=Computed(model, compute),
        inputs={reads[0]: reads[1], **sizes},
        outputs=(says, *(f"next_{name}" for name in names)),
        example=example,
        beside={**beside, "state": {name: leaf[0].tolist() for name, leaf in zip(names, first, strict=True)}},
    )
