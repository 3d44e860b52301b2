"""What is measured: half an hour's worth, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rnnbench.bench.fixed import Baseline
from rnnbench.bench.shapes import SHAPES, Shape
from rnnbench.bench.subjects import SAME

_LARGEST = SHAPES["L"]


@dataclass(frozen=True)
class Plan:
    """Which cells are measured where and against what.

    The short plan leaves to the full one: at the largest shape, JAX and all cells but torch.nn's own; with different
    lengths, the largest shape, and for all cells but LSTM every shape but the first and several threads.

    Args:
        shapes: The shapes that were asked for.
        full: Whether nothing is left out.
    """

    shapes: Sequence[Shape]
    full: bool

    def fixed(self, cell: str, threads: int) -> list[tuple[Shape, list[Baseline]]]:
        """Shapes and baselines with equal lengths."""
        same = cell in {one.__name__ for one in SAME.values()}
        found: list[tuple[Shape, list[Baseline]]] = []
        for shape in self.shapes:
            largest = shape == _LARGEST and not self.full
            baselines: list[Baseline] = ["torch.nn", "naive", "limit"]
            # The goal over JAX is one of a single core.
            if threads == 1 and not largest:
                baselines.append("jax")
            if same or not largest:
                found.append((shape, baselines))
        return found

    def lengths(self, cell: str, threads: int) -> list[Shape]:
        """Shapes with different lengths."""
        if self.full:
            return list(self.shapes)
        if cell == "LSTM":
            return [shape for shape in self.shapes if shape != _LARGEST]
        return [self.shapes[0]] if threads == 1 else []

    @property
    def memory_shape(self) -> Shape:
        """Where memory is measured: M, where activations are most of it."""
        return SHAPES["M"] if SHAPES["M"] in self.shapes else self.shapes[0]

    @property
    def build_shape(self) -> Shape:
        """Where the first call is measured: the first shape, S unless others were asked for."""
        return self.shapes[0]
