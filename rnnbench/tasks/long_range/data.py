"""Sequences of a problem, in batches of about equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.left_out import LeftOut
from rnnbench.data.long_range.batch import Sequences
from rnnbench.data.long_range.problem import Plan, Problem
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.machine import total_memory
from rnnbench.ranges import SEED
from rnnbench.tasks.base import BucketedData, Spec

# Of a step: what it is and what is asked there, before any network has looked at it.
_BYTES = 16


class LongRangeData(BucketedData[Sequences]):
    """Sequences of a problem, made on the spot or read.

    Args:
        source: The problem.
        length: Length of the sequences, by the problem's own measure; of the longest where min_length is less. Null for
            what is usual for the problem.
        min_length: Length of the shortest ones; lengths between are as likely.
        test_lengths: Lengths of the test split, longer than those of training or not; null for the usual ones, or for
            those of training.
        train: Sequences of an epoch.
        validation: Sequences of the validation split, as long as in training.
        test: Sequences of the test split, of each of the test lengths.
        fresh: Whether every epoch has new sequences.
        seed: Seed of the sequences; that of a training is another one.
        batch_size: Sequences of a batch of one process.
        num_workers: Processes that read ahead.
    """

    def __init__(
        self,
        source: Problem,
        length: int | None = None,
        min_length: int | None = None,
        test_lengths: Sequence[int] | None = None,
        train: int | None = None,
        validation: int | None = None,
        test: int | None = None,
        fresh: bool | None = None,
        seed: Annotated[int, SEED] = 1,
        batch_size: int = 64,
        num_workers: int = 0,
    ) -> None:
        super().__init__(source, Budget(batch_size=batch_size), num_workers)
        lengths = None if test_lengths is None else tuple(test_lengths)
        self.plan = source.plan(Plan(length, min_length, lengths, train, validation, test, seed, fresh))
        self.problem = source
        self.batch_size = batch_size

    @property
    def spec(self) -> Spec:
        """What stands at a step and what is asked there; the automaton, where there is one."""
        inputs, answers, automaton = self.problem.inputs, self.problem.answers, self.problem.automaton
        # Of sequences with one answer it would be the accuracy once more.
        metrics = [name for name in self.problem.metrics if not (answers.last and name == "sequence_accuracy")]
        return {
            "inputs": {"symbols": list(inputs.symbols), "numbers": inputs.numbers},
            "answers": asdict(answers) | {"names": list(answers.names)},
            "metrics": metrics,
            "automaton": None if automaton is None else automaton.to_plain(),
        }

    def details(self) -> dict[str, str | int | float]:
        """Lengths, and sizes of the splits."""
        plan = self.plan
        found: dict[str, str | int | float] = {}
        if plan.length is not None:
            shortest = "" if plan.min_length == plan.length else f"{plan.min_length} to "
            found["lengths"] = f"{shortest}{plan.length}"
        if plan.test_lengths:
            found["test_lengths"] = ", ".join(map(str, plan.test_lengths))
        return found | super().details()

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        fresh = {} if self.plan.fresh is not False else {"fresh": False}
        self.fingerprint = fingerprint(self.problem.fingerprint_rows(self.plan), **self.problem.identity(), **fresh)
        for split in wanted:
            sequences = Sequences(self.problem.samples(split, self.plan))
            self._check_memory(int(sequences.lengths.max()))
            self.splits[split] = sequences

    def _check_memory(self, steps: int) -> None:
        """Refuses what cannot even be made; whether the network fits, the memory check of a training finds out."""
        width = max(self.problem.inputs.width if self.problem.inputs.numbers else 1, 1)
        needed = steps * self.batch_size * (4 * width + _BYTES)
        there = total_memory()
        if needed > there:
            raise UserError(
                f"a batch of {self.batch_size} sequences of {steps:,} steps does not fit into memory: it has at least"
                f" {needed / 2**30:,.0f} GiB, and there are {there / 2**30:,.0f}",
                where="--data.length",
                hint="lower it, --data.test_lengths or --data.batch_size",
            )
