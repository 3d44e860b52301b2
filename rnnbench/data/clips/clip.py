"""Clips that have not been read: folders of frames, animations, video files, or what draws itself."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.data.clips.frames import Shown, animation_frames, folder_frames, is_animation, video_frames
from rnnbench.data.clips.rate import at_rate, checked
from rnnbench.data.images.maps import identity_of
from rnnbench.data.images.picture import IMAGE_SUFFIXES, Fit, Picture, Pixels, picture_of, square_of
from rnnbench.errors import UserError
from rnnbench.reading import check_file, entries, read_file

ANIMATIONS = (".gif", ".webp", ".apng")
"""Extensions of images that may have several frames."""
CLIP_SUFFIXES = (*ANIMATIONS, ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv")
"""Extensions by which clips are found in a folder."""

_STILL = tuple(suffix for suffix in IMAGE_SUFFIXES if suffix not in ANIMATIONS)
_HEAD = 12


class Frame(NamedTuple):
    """A frame as models read it."""

    pixels: Pixels
    """``(S, S, 3)``."""
    number: int
    """Which frame of the file it is, from 0; where a rate is asked for, one may stand there several times."""
    seconds: float | None
    """When it is shown, counted from the first one; None where nobody knows."""


class Clip(ABC):
    """A clip that has not been read."""

    name: str
    """What errors call it."""
    count: int
    """Number of frames that it has; known once all were read."""

    @abstractmethod
    def frames(self, size: int, fit: Fit = "stretch", rate: float | None = None) -> Iterator[Frame]:
        """Its frames, each as soon as it is read.

        Args:
            size: Pixels S of a side.
            fit: How a frame becomes a square.
            rate: Frames a second that are read; None for those that it has.

        Raises:
            UserError: It cannot be read, has no frame, its frames differ in size or are of one pixel, or they do not
                follow each other at one rate and none is asked for.
        """

    @abstractmethod
    def content(self) -> Any:
        """Plain values that stand for what it shows, the same on every machine."""

    def identity(self) -> Any:
        """Plain values that tell it from all others on this machine."""
        return self.content()


class ClipFile(Clip):
    """A clip that somebody has filmed.

    Args:
        file: A folder of frames, or a file; the content of one; or the frames one by one.
        name: What errors call it.
    """

    def __init__(self, file: Path | bytes | tuple[Picture, ...], name: str) -> None:
        self.file = file
        self.name = name

    def frames(self, size: int, fit: Fit = "stretch", rate: float | None = None) -> Iterator[Frame]:
        """See `Clip.frames`."""
        shown = self._counted(checked(self._shown(), self.name, any_rate=rate is not None))
        for one in shown if rate is None else at_rate(shown, rate):
            yield Frame(square_of(one.image, self.name, size, fit), one.number, one.seconds)

    def content(self) -> Any:
        """Names and sizes of files stand for what is in them."""
        if isinstance(self.file, bytes):
            return self.file
        return [
            (one.name, one.stat().st_size if one.is_file() else None) if isinstance(one, Path) else one
            for one in self._files()
        ]

    def identity(self) -> Any:
        """See `Clip.identity`."""
        return self.file if isinstance(self.file, bytes) else [identity_of(one) for one in self._files()]

    def _counted(self, frames: Iterator[Shown]) -> Iterator[Shown]:
        for frame in frames:
            self.count = frame.number + 1
            yield frame

    def _files(self) -> list[Path | bytes]:
        if isinstance(self.file, tuple):
            return [one.file for one in self.file]
        assert isinstance(self.file, Path)
        return [*frame_files(self.file)] if self.file.is_dir() else [self.file]

    def _shown(self) -> Iterator[Shown]:
        file = self.file
        if isinstance(file, Path) and file.is_dir():
            file = tuple(Picture(one, str(one)) for one in frame_files(file))
            if not file:
                raise UserError("there is no frame in it", where=self.name, hint=f"images: {', '.join(_STILL)}")
        if isinstance(file, tuple):
            return folder_frames(file)
        if isinstance(file, Path):
            if not file.exists():
                raise UserError("there is no such clip", where=self.name)
            check_file(file)
            # An animation is looked at as a whole; of a video file only as much is read as is shown.
            with file.open("rb") as stream:
                head = stream.read(_HEAD)
            file = read_file(file) if is_animation(head) else file
        if isinstance(file, bytes) and is_animation(file[:_HEAD]):
            return animation_frames(file, self.name)
        return video_frames(file, self.name)


def frame_files(folder: Path) -> list[Path]:
    """The frames in a folder, in the order of the numbers in their names: ``frame2.png`` before ``frame10.png``."""
    return sorted((one for one in entries(folder) if one.suffix.lower() in _STILL), key=_by_number)


def find_clips(path: Path) -> list[ClipFile]:
    """The clips that a path means.

    Args:
        path: A file, a folder of frames, or a folder of clips.

    Raises:
        UserError: There is none.
    """
    if not path.is_dir() or frame_files(path):
        return [ClipFile(path, str(path))]
    found = [one for one in entries(path) if one.is_dir() or one.suffix.lower() in CLIP_SUFFIXES]
    if not found:
        raise UserError(
            "there is no clip in it",
            where=path,
            hint=f"frames ({', '.join(_STILL)}), or clips ({', '.join(CLIP_SUFFIXES)})",
        )
    return [ClipFile(one, str(one)) for one in sorted(found, key=_by_number)]


def clip_of(value: Any, where: str, folder: Path | None = None) -> Clip:
    """The clip that a field of a row stands for.

    Args:
        value: A clip; the path of a file or of a folder of frames; ``{"bytes": ..., "path": ...}`` as the hub and its
            Parquet files have it; the content of a file; or a list of images, each as `picture_of` takes it.
        where: Where the row stands, for errors.
        folder: What a path is relative to; None for the working folder.

    Raises:
        UserError: It is none of these.
    """
    if isinstance(value, Clip):
        return value
    if isinstance(value, list):
        pictures = [picture_of(one, f"{where}, frame {number}", folder) for number, one in enumerate(value)]
        if not pictures:
            raise UserError("a clip without a frame", where=where)
        return ClipFile(tuple(pictures), where)
    found = picture_of(value, where, folder)
    return ClipFile(found.file, found.name)


def _by_number(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
