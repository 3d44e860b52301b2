"""The sequences of a split of a problem that is made on the spot."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.long_range.problem import Drawn, GeneratedProblem, Plan
from rnnbench.data.source import SPLITS, Split

# Numbers of an epoch that is made length by length, all sequences of a length at once: ten batches in one cost hardly
# more than one alone, and more memory than this nobody should miss.
_AT_ONCE = 2**22
# Of a length above it, nothing is made for the fingerprint.
_SHOWN_STEPS = 100_000


class GeneratedSamples:
    """Sequences that are made when they are asked for.

    Those of training are new ones in every epoch, unless the plan says otherwise; of which length each is stays. The
    test split has as many of every test length.

    Args:
        problem: What makes them.
        split: The split.
        plan: Their numbers and lengths.
    """

    def __init__(self, problem: GeneratedProblem, split: Split, plan: Plan) -> None:
        self.problem = problem
        self._key = key_of(plan.seed, split)
        self._fresh = bool(plan.fresh) and split == "train"
        self.sizes = _sizes(split, plan)
        steps = {size: problem.steps(size) for size in np.unique(self.sizes).tolist()}
        self.lengths = np.array([steps[size] for size in self.sizes.tolist()], dtype=np.int64)
        self._at_once = int(self.lengths.sum()) * max(problem.inputs.numbers, 1) <= _AT_ONCE
        self._made: dict[int, Drawn] = {}
        self._made_of = 0
        self._of_size: dict[int, NDArray[np.int64]] = {}

    def draw(self, samples: NDArray[np.int64], epoch: int) -> Drawn:
        """See `rnnbench.data.long_range.problem.Samples.draw`."""
        epoch = epoch if self._fresh else 0
        sizes = self.sizes[samples]
        different = np.unique(sizes).tolist()
        if len(different) == 1:
            return self._of_a_size(different[0], samples, epoch)
        parts = []
        for size in different:
            places = np.flatnonzero(sizes == size)
            parts.append((places, self._of_a_size(size, samples[places], epoch)))
        return _side_by_side(parts)

    def _of_a_size(self, size: int, samples: NDArray[np.int64], epoch: int) -> Drawn:
        first = epoch * len(self.sizes)
        if not self._at_once:
            return self.problem.generate(size, Draws(self._key, samples + first))
        if epoch != self._made_of:
            self._made, self._made_of = {}, epoch
        every = self._of_size.get(size)
        if every is None:
            every = self._of_size[size] = np.flatnonzero(self.sizes == size)
        if size not in self._made:
            self._made[size] = self.problem.generate(size, Draws(self._key, every + first))
        rows = np.searchsorted(every, samples)
        return Drawn._make(None if part is None else part[rows] for part in self._made[size])


def _sizes(split: Split, plan: Plan) -> NDArray[np.int64]:
    count = {"train": plan.train, "validation": plan.validation, "test": plan.test}[split]
    assert count is not None
    assert plan.length is not None
    assert plan.min_length is not None
    if split == "test" and plan.test_lengths:
        return np.repeat(np.array(sorted(set(plan.test_lengths)), dtype=np.int64), count)
    draws = Draws(key_of(plan.seed, f"lengths of {split}"), np.arange(count))
    return plan.min_length + draws.below(plan.length - plan.min_length + 1)


def _side_by_side(parts: list[tuple[NDArray[np.int64], Drawn]]) -> Drawn:
    """Batches of different lengths as one, each row at its place."""
    batch = sum(len(places) for places, _ in parts)
    steps = max(part.asked.shape[1] for _, part in parts)

    def joined(name: str) -> NDArray[Any]:
        first = getattr(parts[0][1], name)
        found = np.zeros((batch, steps, *first.shape[2:]), dtype=first.dtype)
        for places, part in parts:
            value = getattr(part, name)
            found[places, : value.shape[1]] = value
        return found

    lengths = np.zeros(batch, dtype=np.int64)
    for places, part in parts:
        lengths[places] = part.asked.shape[1] if part.lengths is None else part.lengths
    states = joined("states") if parts[0][1].states is not None else None
    return Drawn(joined("x"), joined("y"), joined("asked"), lengths, states)


def first_rows(problem: GeneratedProblem, plan: Plan) -> Mapping[str, list[dict[str, Any]]]:
    """The first sequence of every length and split, as hashes of its content."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for split in SPLITS:
        samples = GeneratedSamples(problem, split, plan)
        sizes, first = np.unique(samples.sizes, return_index=True)
        rows[split] = []
        for size, number in zip(sizes.tolist(), first.tolist(), strict=True):
            row: dict[str, Any] = {"length": size, "count": int((samples.sizes == size).sum())}
            if problem.steps(size) <= _SHOWN_STEPS:
                made = samples.draw(np.array([number]), 0)
                content = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in made[:3]))
                row["content"] = content.hexdigest()
            rows[split].append(row)
    return rows
