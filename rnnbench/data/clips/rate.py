"""At which rate the frames of a clip follow each other."""

from __future__ import annotations

from collections.abc import Iterator

from rnnbench.data.clips.frames import Shown
from rnnbench.errors import UserError

# Times of GIF and Matroska are rounded to hundredths and thousandths of a second: what is between is one rate.
_LEAST, _MOST = 0.5, 1.5


def checked(frames: Iterator[Shown], name: str, any_rate: bool) -> Iterator[Shown]:
    """The frames of a clip, none of which is of another kind than the first ones.

    Args:
        frames: The frames.
        name: What errors call the clip.
        any_rate: Whether they may follow each other as they like.

    Raises:
        UserError: There is no frame; one is of another size, or of one pixel; or one is shown more than half as long
            again as the first one, or less than half as long.
    """
    size: tuple[int, int] | None = None
    before: float | None = None
    first: float | None = None
    for frame in frames:
        found = frame.image.size
        if min(found) < 2:
            raise UserError(
                f"frame {frame.number} is {found[0]} x {found[1]} pixels: there is nothing to see", where=name
            )
        if size is not None and found != size:
            raise UserError(
                f"frame {frame.number} is {found[0]} x {found[1]} pixels, and those before it {size[0]} x {size[1]}",
                where=name,
                hint="bring all frames of a clip to one size",
            )
        size = found
        if frame.seconds is not None and before is not None and not any_rate:
            lasts = frame.seconds - before
            first = lasts if first is None else first
            if not _LEAST * first < lasts < _MOST * first:
                raise UserError(
                    f"the frame rate varies: frame {frame.number - 1} is shown for {lasts:.3g} s, the first one for"
                    f" {first:.3g} s",
                    where=name,
                    hint="--data.frame_rate 25 reads so many frames a second; in predict --frame-rate 25",
                )
        before = frame.seconds
        yield frame
    if size is None:
        raise UserError("a clip without a frame", where=name)


def at_rate(frames: Iterator[Shown], rate: float) -> Iterator[Shown]:
    """At the time k / rate the frame that is shown then, for k = 0, 1, ...; frames without times stay as they are.

    Args:
        frames: The frames.
        rate: Frames a second.
    """
    last: Shown | None = None
    lasted, taken = 0.0, 0

    def shown_until(end: float) -> Iterator[Shown]:
        nonlocal taken
        assert last is not None
        while taken / rate < end - 1e-9:
            yield last._replace(seconds=taken / rate, until=(taken + 1) / rate)
            taken += 1

    for frame in frames:
        if frame.seconds is None:
            yield frame
            continue
        if last is not None and last.seconds is not None:
            lasted = frame.seconds - last.seconds
            yield from shown_until(frame.seconds)
        last = frame
    if last is not None and last.seconds is not None:
        # A clip of one frame whose end nobody knows has one at any rate.
        end = last.until if last.until is not None else last.seconds + (lasted or 1e-6)
        yield from shown_until(end)
