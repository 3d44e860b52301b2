"""Samples that are not used as they are: counted and listed, never silently.

How an application uses it, in ``setup``::

    left_out = LeftOut()
    kept = left_out.apply_limit("train", lengths, self.max_length, self.too_long)
    # the numbers of the samples that stay; with "cut" all do: cut them
    self.report(left_out)

which prints a line for each reason and lists all samples in the run folder. For any other reason there is
``left_out.add(split, sample, "the target is longer than the input", "dropped")``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.safe_files import replace_text

TooLong = Literal["drop", "cut"]
"""What to do with a sample over the limit."""

FILE_NAME = "left_out.tsv"
_SHOWN = 5


class _Kind(NamedTuple):
    split: Split
    reason: str
    done: str


class LeftOut:
    """Collects which samples were dropped or cut, and why."""

    def __init__(self) -> None:
        self._samples: dict[_Kind, list[int | str]] = defaultdict(list)
        self._sizes: dict[Split, int] = {}

    def add(self, split: Split, sample: int | str, reason: str, done: str) -> None:
        """Enters one sample.

        Args:
            split: Its split.
            sample: Its number in the split, or the name of its file.
            reason: What is wrong with it; equal reasons are counted together.
            done: What was done with it, such as ``dropped``.
        """
        self._samples[_Kind(split, reason, done)].append(sample)

    def apply_limit(
        self, split: Split, lengths: ArrayLike, max_length: int | None, too_long: TooLong
    ) -> NDArray[np.int64]:
        """Enters all samples over a limit.

        Args:
            split: Their split.
            lengths: Length of each sample ``(N,)``, or lengths ``(N, K)``, of which none may be over the limit.
            max_length: The limit; None for none.
            too_long: What to do with the samples: to drop them, or to cut their ends off.

        Returns:
            Numbers of the samples that stay, in order; with ``cut`` all do.

        Raises:
            UserError: The limit is no positive number, or no sample stays.
        """
        longest = np.atleast_2d(np.asarray(lengths, dtype=np.int64).T).max(0)
        everything = np.arange(len(longest))
        self._sizes[split] = len(longest)
        if max_length is None:
            return everything
        if max_length < 1:
            raise UserError(f"must be at least 1, found {max_length}", where="data.max_length")
        over = longest > max_length
        for sample in np.flatnonzero(over).tolist():
            self.add(split, sample, f"longer than {max_length}", "dropped" if too_long == "drop" else "cut")
        if too_long == "cut":
            return everything
        if over.all():
            raise UserError(
                f"every sample of {split} is longer than {max_length}; the shortest has {longest.min()}",
                where="data.max_length",
                hint="raise it, or cut long samples: --data.too_long cut",
            )
        return everything[~over]

    def leave_unreadable(self, split: Split, broken: Mapping[str, UserError], of: int, most: float) -> None:
        """Enters the files of a split that cannot be read, if they are few enough to go on without them.

        Args:
            split: Their split.
            broken: What is wrong with each, by the name of its file.
            of: How many files the split has.
            most: Largest share of them that may be left out, the option ``data.max_unreadable``.

        Raises:
            UserError: There are more, or no file is left.
        """
        if not 0 <= most <= 1:
            raise UserError(f"a share lies between 0 and 1, found {most}", where="data.max_unreadable")
        for name, error in broken.items():
            self.add(split, name, error.problem, "dropped")
        if broken and (len(broken) == of or len(broken) > most * of):
            name, error = next(iter(broken.items()))
            go_on = "" if len(broken) == of else ", or go on without them: --data.max_unreadable 0.9"
            raise UserError(
                f"{len(broken):,} of {of:,} files of {split} cannot be read; of the first: {error.problem}",
                where=name,
                hint=f"mend them{go_on}",
            )

    def lines(self) -> list[str]:
        """One line for each split and reason: how many, and which the first ones are."""
        lines = []
        for (split, reason, done), samples in self._samples.items():
            of = f" of {self._sizes[split]:,}" if split in self._sizes else ""
            first = ", ".join(map(str, samples[:_SHOWN]))
            more = ", ..." if len(samples) > _SHOWN else ""
            lines.append(f"{split}: {len(samples):,}{of} samples {done}, {reason}: {first}{more}")
        return lines

    def report(self) -> None:
        """Prints a line for each reason."""
        for line in self.lines():
            print(line, flush=True)

    def write(self, folder: Path) -> None:
        """Lists every sample in ``left_out.tsv``, where there is any.

        Args:
            folder: The run folder.
        """
        if not self._samples:
            return
        rows = [("split", "sample", "done", "reason")]
        rows += [
            (k.split, _cell(sample), k.done, _cell(k.reason)) for k, all_ in self._samples.items() for sample in all_
        ]
        replace_text(folder / FILE_NAME, "".join("\t".join(row) + "\n" for row in rows))
        print(f"left out or cut, all of them: {folder / FILE_NAME}", flush=True)


def _cell(value: object) -> str:
    """A field of the table; a file name may hold anything."""
    return " ".join(str(value).split())
