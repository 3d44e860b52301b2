"""Truncated backpropagation through time as an order of the data: strips of a stream, read window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from rnnbench.data.batches.batch import IGNORED, StripBatch, empty_strip_batch
from rnnbench.data.text.token_file import Tokens
from rnnbench.errors import UserError


class Strips:
    """A token stream cut into strips of equal length that are read in parallel.

    Strip i of window k + 1 goes on from strip i of window k, so a model that carries its state over windows has seen
    all that stands before in its strip. The first token of a strip is predicted from the token before it in the stream,
    the very first one from ``first``; each token is a target exactly once.

    Args:
        tokens: The stream ``(N,)``; of a file no more is read than a batch needs.
        first: Token that stands before the stream.
        strips: Number of strips S.
        window: Positions T of one window; the last may be shorter.
        even: Drop the at most S - 1 tokens that do not fill all strips (training); otherwise the first N mod S strips
            are longer by one, and padded windows end the others (evaluation: every token counts).
    """

    def __init__(self, tokens: Tokens, *, first: int, strips: int, window: int, even: bool) -> None:
        length, longer = divmod(len(tokens), strips)
        if length == 0:
            raise UserError(f"{len(tokens)} tokens do not fill {strips} strips", hint="use fewer strips, or more text")
        sizes = np.array([length + (not even and strip < longer) for strip in range(strips)])
        self._tokens = tokens
        self._first = first
        self._begins, self._ends = np.cumsum(sizes) - sizes, np.cumsum(sizes)
        longest = int(sizes.max())
        self.shape = (strips, longest, window)
        self.window = window
        self.num_windows = -(-longest // window)

    def batch(self, rows: slice, window: int, place: int) -> StripBatch:
        """One window over some of the strips.

        Args:
            rows: Which strips.
            window: Number of the window.
            place: The window's place in the whole data set.
        """
        begins, ends = self._begins[rows, None], self._ends[rows, None]
        begin = window * self.window
        width = min(self.window, self.shape[1] - begin)
        # The places of the targets in the stream, after that of the first input; a strip's end may come before.
        places = begins + np.arange(begin - 1, begin + width)
        read = self._tokens[:][places.clip(0, len(self._tokens) - 1)].astype(np.int64)
        if window == 0:
            read[begins[:, 0] == 0, 0] = self._first
        inside = places[:, 1:] < ends
        x, y = np.where(inside, read[:, :-1], 0), np.where(inside, read[:, 1:], IGNORED)
        return StripBatch(
            x=torch.from_numpy(x),
            y=torch.from_numpy(y),
            starts=torch.full((len(x),), window == 0),
            place=torch.tensor(place),
            tokens=int(inside.sum()),
        )


class TrainingLoader:
    """Windows over one process's strips, in order; goes on in the middle of an epoch after a resume.

    The number of processes may be another then, if they read as many strips together.

    Args:
        strips: The strips of all processes.
        rows: Which of them this process reads.
        position: Says how many windows of the epoch at hand were trained already, by the trainer's count. It is asked
            whenever the loader is iterated over: Lightning does so more than once before the first step.
    """

    def __init__(self, strips: Strips, rows: slice, position: Callable[[], int] = lambda: 0) -> None:
        self._strips = strips
        self._rows = rows
        self._position = position

    def __len__(self) -> int:
        return self._strips.num_windows

    def __iter__(self) -> Iterator[StripBatch]:
        return (self._strips.batch(self._rows, k, k) for k in range(self._position(), len(self)))

    def state_dict(self) -> dict[str, Any]:
        """How the stream is cut: with that, the trainer's counter says where the training stands."""
        return {"strips": list(self._strips.shape)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Refuses to go on in the middle of a stream that was cut in another way."""
        strips, length, window = state.get("strips", self._strips.shape)
        if self._position() and (strips, length, window) != self._strips.shape:
            now, _, window_now = self._strips.shape
            raise UserError(
                f"the run stopped within an epoch of {strips} strips in windows of {window} tokens; these are {now} in"
                f" windows of {window_now}",
                where="--resume",
                hint=f"data.sequence_length: {window}, and data.batch_size times the processes: {strips}",
            )


class EvaluationLoader:
    """Groups of strips, formed once for all processes and dealt out whole.

    Every process reads the same number of windows, so that none waits for another; where there is nothing left to read
    the windows are empty.

    Args:
        strips: All strips.
        num_strips: Their number S.
        group: Strips read side by side; the last group may be smaller.
        rank: Number of this process.
        processes: Number of processes.
    """

    def __init__(self, strips: Strips, num_strips: int, group: int, rank: int = 0, processes: int = 1) -> None:
        self._strips = strips
        self._groups = [slice(start, min(start + group, num_strips)) for start in range(0, num_strips, group)]
        self._rank = rank
        self._processes = processes

    def __len__(self) -> int:
        return -(-len(self._groups) // self._processes) * self._strips.num_windows

    def __iter__(self) -> Iterator[StripBatch]:
        windows = self._strips.num_windows
        mine = list(enumerate(self._groups))[self._rank :: self._processes]
        for number, rows in mine:
            for window in range(windows):
                yield self._strips.batch(rows, window, number * windows + window)
        for _ in range(len(self) - len(mine) * windows):
            yield empty_strip_batch()
