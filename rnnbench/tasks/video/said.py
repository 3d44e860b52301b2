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


def segments(parts: Iterable[tuple[list[Frame], Tensor]]) -> Iterator[Said]:
    """The segments of a clip.

    Args:
        parts: Frames with the probabilities of the classes ``(N, C)`` at each; or ``(1, C)`` of the whole clip.
    """
    now: Said | None = None
    total, count, step = 0.0, 0, 0.0
    before: float | None = None
    for frames, found in parts:
        rows = found.expand(len(frames), -1)
        for frame, label, probability in zip(frames, rows.argmax(1).tolist(), rows.amax(1).tolist(), strict=True):
            if frame.seconds is not None and before is not None:
                step = frame.seconds - before
            before = frame.seconds
            if now is None or label != now.label:
                if now is not None:
                    yield now._replace(probability=total / count, ends=frame.seconds)
                now, total, count = Said(frame.number, frame.number, label, 0.0, frame.seconds, None), 0.0, 0
            now = now._replace(last=frame.number)
            total, count = total + probability, count + 1
    if now is not None:
        # The last frame is shown as long as the one before it.
        yield now._replace(probability=total / count, ends=None if before is None else before + step)


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
