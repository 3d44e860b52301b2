"""What a benchmark measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rnnbench.bench.build import Build
from rnnbench.bench.fixed import Baseline, Timed
from rnnbench.bench.lengths import Distribution
from rnnbench.bench.shapes import Shape
from rnnbench.bench.subjects import LayerName
from rnnbench.bench.timing import geometric_mean, ratio
from rnnbench.engine import EngineName


class Subject(NamedTuple):
    """A cell by its name, and the engine that runs it."""

    cell: str
    engine: EngineName


@dataclass
class Results:
    """Everything measured so far, by number of threads where that matters.

    Args:
        fixed: Times with equal lengths.
        lengths: Times with different lengths.
        memory: Bytes that a training step takes at most.
        layer_memory: The same for the layers of torch.nn.
        build: Seconds of the first call.
        missing: What was not measured, and why.
    """

    fixed: dict[tuple[int, Subject, Shape], Timed] = field(default_factory=dict)
    lengths: dict[tuple[int, Subject, Shape, Distribution], Timed] = field(default_factory=dict)
    memory: dict[Subject, int] = field(default_factory=dict)
    layer_memory: dict[LayerName, int] = field(default_factory=dict)
    build: dict[Subject, Build] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def subjects(self) -> list[Subject]:
        """All that was timed, in order."""
        return list(dict.fromkeys(subject for _, subject, _ in self.fixed))

    def shapes(self) -> list[Shape]:
        """All shapes, in order."""
        return list(dict.fromkeys(shape for _, _, shape in self.fixed))

    def threads(self) -> list[int]:
        """All numbers of threads, in order."""
        return list(dict.fromkeys(threads for threads, _, _ in self.fixed))

    def fixed_ratio(self, threads: int, subject: Subject, shape: Shape, baseline: Baseline) -> float | None:
        """The cell's time over a baseline's."""
        timed = self.fixed.get((threads, subject, shape))
        return ratio(timed.times, "cell", baseline) if timed else None

    def fixed_mean(self, threads: int, subject: Subject, baseline: Baseline, least_hidden: int = 1) -> float | None:
        """The geometric mean of `fixed_ratio` over shapes of so many hidden units or more."""
        shapes = [shape for shape in self.shapes() if shape.hidden >= least_hidden]
        return geometric_mean(self.fixed_ratio(threads, subject, shape, baseline) for shape in shapes)

    def memory_ratio(self, subject: Subject, layer: LayerName) -> float | None:
        """Peak memory over that of a layer of torch.nn."""
        if subject not in self.memory or not self.layer_memory.get(layer):
            return None
        return self.memory[subject] / self.layer_memory[layer]

    def lengths_mean(self, threads: int, subject: Subject, name: str, baseline: str) -> float | None:
        """The geometric mean over shapes and distributions of a ratio with different lengths."""
        return geometric_mean(
            ratio(timed.times, name, baseline)
            for (number, one, _, _), timed in self.lengths.items()
            if (number, one) == (threads, subject)
        )
