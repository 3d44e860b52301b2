"""What a model says of a clip, as segments: each once it is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torch import Tensor

from rnnbench.data.clips.clip import Frame


class Said(NamedTuple):
    """Frames that follow each other, and the class that a model gives them."""

    first: int
    """Number of the first frame in the file."""
    last: int
    """Number of the last frame, which belongs to it."""
    label: int
    probability: float
    """Of the class, the mean over the frames."""
    begins: float | None
    """Seconds since the beginning of the clip; None where nobody knows."""
    ends: float | None
    """When the next segment begins."""


class _Open(NamedTuple):
    """A segment that is not over."""

    first: Frame
    last: Frame
    total: float
    frames: int

    def closed(self, label: int, ends: float | None) -> Said:
        """As it is once it is over."""
        return Said(self.first.number, self.last.number, label, self.total / self.frames, self.first.seconds, ends)


def segments(parts: Iterable[tuple[list[Frame], Tensor]], several: bool = False) -> Iterator[Said]:
    """The segments of a clip, in the order in which they end.

    Args:
        parts: Frames with the probabilities of the classes ``(N, C)`` at each; or ``(1, C)`` of the whole clip.
        several: Whether all classes hold that are likelier than not, rather than the likeliest one.
    """
    running: dict[int, _Open] = {}
    step = 0.0
    before: Frame | None = None
    for frames, found in parts:
        rows = found.expand(len(frames), -1)
        for frame, row in zip(frames, rows, strict=True):
            if before is not None and frame.seconds is not None and before.seconds is not None:
                step = frame.seconds - before.seconds
            before = frame
            here = (row > 0.5).nonzero()[:, 0].tolist() if several else [int(row.argmax())]
            for label in [one for one in running if one not in here]:
                yield running.pop(label).closed(label, frame.seconds)
            for label in here:
                known = running.get(label, _Open(frame, frame, 0.0, 0))
                running[label] = known._replace(
                    last=frame, total=known.total + float(row[label]), frames=known.frames + 1
                )
    # The last frame is shown as long as the one before it.
    ends = None if before is None or before.seconds is None else before.seconds + step
    for label, known in running.items():
        yield known.closed(label, ends)


def subtitle(number: int, said: Said, text: str) -> str:
    """A segment in the form of SubRip: its number, when it is shown, and its text.

    Args:
        number: Its number, from 1.
        said: The segment, whose times are known.
        text: What is shown.
    """
    assert said.begins is not None
    assert said.ends is not None
    return f"{number}\n{_clock(said.begins)} --> {_clock(said.ends)}\n{text}\n\n"


def _clock(seconds: float) -> str:
    milliseconds = round(1000 * seconds)
    minutes, left = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{left // 1000:02},{left % 1000:03}"
