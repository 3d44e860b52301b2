"""Clips whose frames have classes."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.clips.clip import Clip, clip_of
from rnnbench.data.clips.labels import ClipLabels, classes_of_frames, labels_of
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.picture import Fit
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split, name_it
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.video.batch import Clips, ReadClip


class LabelledClip(NamedTuple):
    """A clip that has not been read, and what is known of it."""

    clip: Clip
    labels: ClipLabels
    hidden: Sequence[bool] | None
    """Of each frame, whether what is asked for cannot be seen; None where nobody says so."""


class VideoData(BucketedData[Clips]):
    """Clips in batches of about equal length, with a class for every frame or one for each clip.

    Args:
        source: Where the clips come from; rows have a ``clip`` and one of ``label`` (of the clip), ``labels`` (one for
            each frame) and ``segments`` (``from``, ``to``, ``class``).
        image_size: Pixels of a side that frames are brought to.
        fit: How a frame becomes a square: its sides are stretched, or what is too long is cut off.
        frame_rate: Frames a second that are read of clips that know when a frame is shown; null for all frames, which
            then have to follow each other at one rate.
        several: Whether several classes may hold at a frame, or none: each is then told apart from its absence.
        background: Class of frames that no segment has, where a frame has one class; metrics of segments leave it out.
        folder: Folder that paths of clips are relative to; null for the working folder.
        max_frames: Most frames of a batch of one process, padding included.
        batch_size: Most clips of a batch of one process.
        max_length: Training clips of more frames are left out; null for no limit.
        keep_in_memory: Whether frames stay in memory once they were read, 3 kB each at 32 pixels; else a clip is read
            anew in every epoch.
        max_unreadable: Largest share of the clips of a split that may be broken: they are left out and listed.
        num_workers: Processes that read ahead.
        columns: What columns are called in the data, where that is something else: ``{clip: video, label: action}``.
    """

    source: Source
    inputs = "clip.mp4 folder/"

    def __init__(
        self,
        source: Source,
        image_size: Annotated[int, AT_LEAST_1] = 64,
        fit: Fit = "stretch",
        frame_rate: float | None = None,
        several: bool = False,
        background: str = "nothing",
        folder: str | None = None,
        max_frames: Annotated[int, AT_LEAST_1] = 2048,
        batch_size: int | None = None,
        max_length: int | None = None,
        keep_in_memory: bool = True,
        max_unreadable: float = 0.0,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(max_frames, batch_size), num_workers)
        check_rate(frame_rate, "data.frame_rate")
        self.columns = columns
        self.image_size = image_size
        self.fit: Fit = fit
        self.frame_rate = frame_rate
        self.several = several
        self.background = background
        self.folder = None if folder is None else Path(folder).expanduser()
        self.max_length = max_length
        self.keep_in_memory = keep_in_memory
        self.max_unreadable = max_unreadable
        self.unreadable: dict[Split, int] = {}
        self.classes: list[str] = []
        self.every_frame = True

    @property
    def spec(self) -> Spec:
        """The classes, what has them, and how frames are read."""
        return {
            "classes": self.classes,
            "every_frame": self.every_frame,
            "several": self.several,
            "background": self.background,
            "image_size": self.image_size,
            "fit": self.fit,
            "frame_rate": self.frame_rate,
        }

    def details(self) -> dict[str, str | int | float]:
        """Classes, size of frames, sizes of the splits."""
        found: dict[str, str | int | float] = {"classes": ", ".join(self.classes), "image_size": self.image_size}
        if self.frame_rate is not None:
            found["frame_rate"] = self.frame_rate
        for split, read in self.splits.items():
            found |= {f"{split}_clips": len(read.clips), f"{split}_frames": read.count}
        return found | self.padding()

    @property
    def augments(self) -> bool:
        """Frames are never changed."""
        return False

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        rows = {split: self._rows(split) for split in SPLITS}
        self.fingerprint = fingerprint(
            {
                split: [
                    {"clip": one.clip.content(), "labels": one.labels.plain(), "hidden": one.hidden} for one in found
                ]
                for split, found in rows.items()
            },
            background=self.background,
            frame_rate=self.frame_rate,
            **({"several": True} if self.several else {}),
        )
        self._check_kind(rows)
        spec = self.model_spec()
        if spec is not None:
            self._take(spec)
        read = {split: self._read(split, rows[split], left_out) for split in wanted}
        if spec is None:
            train = read.get("train") or self._read("train", rows["train"], left_out)
            names = {name for one in train for names in one.names for name in names}
            self.classes = sorted(names, key=lambda name: (name != self.background, len(name), name))
            if len(self.classes) < (1 if self.several else 2):
                what = repr(self.classes[0]) if self.classes else "without a class"
                raise UserError(f"all of train is {what}", where=self.dataset, hint="there is nothing to tell apart")
        for split, clips in read.items():
            self.splits[split] = self._numbered(split, clips)

    def _rows(self, split: Split) -> list[LabelledClip]:
        return [
            self._labelled(row, functools.partial(self.source.place, split, number))
            for number, row in enumerate(records_of(self.source, split, self.columns))
        ]

    def _labelled(self, row: Row, place: functools.partial[str]) -> LabelledClip:
        if "clip" not in row:
            raise UserError(
                f"there is no column 'clip'; there are: {', '.join(row)}",
                where=place(),
                hint=name_it("clip", row),
            )
        return LabelledClip(clip_of(row["clip"], place(), self.folder), labels_of(row, place), row.get("hidden"))

    def _check_kind(self, rows: dict[Split, list[LabelledClip]]) -> None:
        kinds = {one.labels.whole is None for found in rows.values() for one in found}
        if len(kinds) > 1:
            raise UserError("some clips have one class, others a class for each frame", where=self.dataset)
        self.every_frame = kinds == {True}
        if self.several and not self.every_frame:
            raise UserError("a clip has one class here, its frames have several", where="--data.several true")

    def _take(self, spec: Spec) -> None:
        """A trained model rules over new data."""
        for name in ("every_frame", "several", "background", "image_size", "fit", "frame_rate"):
            if spec[name] != getattr(self, name):
                raise UserError(
                    f"the model was trained with {spec[name]!r}, found {getattr(self, name)!r}",
                    where=f"data.{name}",
                    hint="leave it as it was",
                )
        self.classes = list(spec["classes"])

    def _read(self, split: Split, clips: list[LabelledClip], left_out: LeftOut) -> list[_Read]:
        """What can be read and is not too long; what cannot is listed."""
        found: list[_Read] = []
        broken: dict[str, UserError] = {}
        for one in clips:
            try:
                frames = list(one.clip.frames(self.image_size, self.fit, self.frame_rate))
            except UserError as error:
                broken[one.clip.name] = error
                continue
            which = [frame.number for frame in frames]
            pixels = np.stack([frame.pixels for frame in frames]) if self.keep_in_memory else None
            found.append(_Read(one.clip, self._names(one, which), self._hidden(one, which), pixels))
        left_out.leave_unreadable(split, broken, len(clips), self.max_unreadable)
        self.unreadable[split] = len(broken)
        if split != "train" or self.max_length is None:
            return found
        kept = left_out.apply_limit(split, [len(one.hidden) for one in found], self.max_length, "drop")
        return [found[i] for i in kept]

    def _names(self, one: LabelledClip, which: list[int]) -> list[list[str]]:
        """The classes of each of these frames, by their numbers in the file; or the class of the clip."""
        if one.labels.whole is not None:
            return [[one.labels.whole]]
        names = classes_of_frames(one.labels, one.clip.count, one.clip.name, self.several)
        return [names[i] or ([] if self.several else [self.background]) for i in which]

    def _hidden(self, one: LabelledClip, which: list[int]) -> NDArray[np.bool_]:
        if one.hidden is None:
            return np.zeros(len(which), dtype=np.bool_)
        if len(one.hidden) != one.clip.count:
            raise UserError(f"hidden is said of {len(one.hidden):,} of {one.clip.count:,} frames", where=one.clip.name)
        return np.array([one.hidden[i] for i in which], dtype=np.bool_)

    def _numbered(self, split: Split, clips: list[_Read]) -> Clips:
        numbers = {name: i for i, name in enumerate(self.classes)}
        there = Counter(name for one in clips for names in one.names for name in names)
        unknown = [name for name in there if name not in numbers]
        if unknown:
            raise UserError(
                f"{split} has the class {unknown[0]!r}, which never occurs in training",
                where=self.dataset,
                hint=did_you_mean(unknown[0], self.classes),
            )
        if missing := [name for name in self.classes if name not in there]:
            self.tell(f"{split}: nothing is {' or '.join(missing)}")
        return Clips(
            [ReadClip(one.clip, self._targets(one.names, numbers), one.hidden) for one in clips],
            self.image_size,
            self.fit,
            self.frame_rate,
            [one.pixels for one in clips if one.pixels is not None] if self.keep_in_memory else None,
        )

    def _targets(self, names: list[list[str]], numbers: dict[str, int]) -> NDArray[np.int64]:
        """The number of each class ``(T,)``; or of each class whether it holds ``(T, C)``."""
        if not self.several:
            return np.array([numbers[one[0]] for one in names])
        return np.array([[name in there for name in self.classes] for there in names], dtype=np.int64)


class _Read(NamedTuple):
    clip: Clip
    names: list[list[str]]
    hidden: NDArray[np.bool_]
    pixels: NDArray[np.uint8] | None


def check_rate(rate: float | None, option: str) -> None:
    """Refuses what is no number of frames a second.

    Args:
        rate: The number.
        option: The option that has it.
    """
    # Written so that NaN is refused as well.
    if rate is not None and not 0 < rate <= 1000:
        raise UserError(f"frames a second, more than 0 and at most 1000, found {rate}", where=option)
