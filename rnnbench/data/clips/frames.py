"""The frames of a clip, one after the other: of a folder, of an animation, of a video file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnbench.data.images.picture import Picture, opened
from rnnbench.errors import UserError
from rnnbench.reading import check_file, reading

if TYPE_CHECKING:
    from PIL.Image import Image

_GIF, _PNG = b"GIF8", b"\x89PNG"
_END, _EXTENSION, _IMAGE = 0x3B, 0x21, 0x2C
# Containers round lengths, and the last frame of some has none.
_MOST_OF = 0.9
_CUT_OFF = "save it again, or leave it out"


class Shown(NamedTuple):
    """A frame as a file has it."""

    image: Image
    number: int
    """From 0."""
    seconds: float | None
    """When it is shown, counted from the first one; None where the file does not say so."""
    until: float | None
    """When it is shown no longer, where the file says so."""


def is_animation(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an image, which may have several frames."""
    return head[:4] in (_GIF, _PNG) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def folder_frames(pictures: Sequence[Picture]) -> Iterator[Shown]:
    """Frames that are images of their own; nobody knows when they are shown.

    Raises:
        UserError: One cannot be read; names it.
    """
    for number, picture in enumerate(pictures):
        with opened(picture) as image:
            image.load()
        yield Shown(image, number, None, None)


def animation_frames(content: bytes, name: str) -> Iterator[Shown]:
    """The frames of an animated GIF, WebP or PNG, each as a whole picture.

    Args:
        content: The file.
        name: What errors call it.

    Raises:
        UserError: It is broken or cut off.
    """
    if content[:4] == _GIF and not _is_whole_gif(content):
        raise UserError("the animation is cut off", where=name, hint=_CUT_OFF)
    milliseconds: float = 0
    with opened(Picture(content, name)) as image:
        count = getattr(image, "n_frames", 1)
        for number in range(count):
            image.seek(number)
            image.load()
            lasts = image.info.get("duration") or 0
            known = lasts > 0 and (number == 0 or milliseconds > 0)
            begins = milliseconds / 1000 if known else None
            milliseconds += lasts
            yield Shown(image.copy(), number, begins, milliseconds / 1000 if known else None)


def video_frames(file: Path | bytes, name: str) -> Iterator[Shown]:
    """The frames of a video file, as many as are asked for.

    Args:
        file: The file, or its content.
        name: What errors call it.

    Raises:
        UserError: It is broken, cut off, or has no video; or the package ``av`` is missing.
    """
    if isinstance(file, Path):
        check_file(file)
    av = _library(name)
    with reading(name, "no video that can be read"), av.open(BytesIO(file) if isinstance(file, bytes) else file) as box:
        if box.format.name == "tty":  # any text is a picture of letters to the library
            raise UserError("text, and no video", where=name)
        if not box.streams.video:
            has = ", ".join(sorted({stream.type for stream in box.streams})) or "nothing"
            raise UserError(f"there is no video in it, only {has}", where=name)
        stream = box.streams.video[0]
        ends = 0.0
        first: Fraction | None = None
        for number, frame in enumerate(box.decode(stream)):
            begins = until = None
            if frame.pts is not None:
                at = frame.pts * frame.time_base
                first = at if first is None else first
                begins = float(at - first)
                until = float(at - first + frame.duration * frame.time_base) if frame.duration else None
                ends = begins if until is None else until
            image = frame.to_image()
            # As it was held: a phone films upright by a note beside the frames.
            turned = image.rotate(frame.rotation, expand=True) if frame.rotation else image
            yield Shown(turned, number, begins, until)
        # By its length, not by its number of frames: a player leaves out those that an edit has cut away.
        whole = float(stream.duration * stream.time_base) if stream.duration else 0.0
        if ends < _MOST_OF * whole:
            raise UserError(
                f"the video is cut off: it ends after {ends:.3g} of {whole:.3g} s", where=name, hint=_CUT_OFF
            )


def _library(name: str) -> Any:
    try:
        import av
    except ImportError:
        raise UserError(
            "video files are read by the package av, which is missing",
            where=name,
            hint="pip install 'rnnbench[video]'; or a folder of frames, or an animated GIF",
        ) from None
    return av


def _is_whole_gif(content: bytes) -> bool:
    """Whether its blocks follow each other up to the one that ends it: Pillow takes what is there for the whole.

    CompuServe, Graphics Interchange Format, Version 89a, 1990, appendix B.
    """
    try:
        place = 13 + _colours(content[10])
        while content[place] != _END:
            if content[place] == _EXTENSION:
                place += 2
            elif content[place] == _IMAGE:
                place += 11 + _colours(content[place + 9])
            else:  # Every reader passes over what is no block.
                place += 1
                continue
            while content[place]:
                place += 1 + content[place]
            place += 1
    except IndexError:
        return False
    return True


def _colours(flags: int) -> int:
    """Bytes of a table of colours, if the flags say that there is one."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
