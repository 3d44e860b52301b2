"""What holds at the frames of a clip: one class for all of it, one for every frame, or from one frame to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.data.formats.columns import fields_of
from rnnbench.data.formats.text_file import read_pieces
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError, did_you_mean

_SEVERAL = "a frame has one class, unless --data.several true"


class Segment(NamedTuple):
    """Frames that follow each other, and their class."""

    first: int
    """Number of the first frame, from 0."""
    last: int
    """Number of the last frame, which belongs to it."""
    name: str
    where: str
    """Where that is written, for errors."""


class ClipLabels(NamedTuple):
    """What is known of a clip; exactly one of the three."""

    whole: str | None = None
    """Its class."""
    each: Sequence[Sequence[str]] | None = None
    """The class of each frame, or its classes."""
    segments: Sequence[Segment] | None = None
    """Frames that have a class, or several."""

    def plain(self) -> list[Any]:
        """What it says, without where that is written."""
        segments = None if self.segments is None else [(one.first, one.last, one.name) for one in self.segments]
        return [self.whole, self.each, segments]


def labels_of(row: Row, where: Callable[[], str]) -> ClipLabels:
    """What a row says about its clip.

    Args:
        row: It has a ``label``; or ``labels``, a class or a list of them for each frame; or ``segments``, mappings
            with ``from``, ``to`` and ``class``.
        where: Says where the row stands, for errors.

    Raises:
        UserError: It has none of these, or more than one.
    """
    found = [name for name in ("label", "labels", "segments") if row.get(name) is not None]
    if len(found) != 1:
        raise UserError(
            f"a clip has one of label, labels and segments, found {' and '.join(found) or 'none'}; its columns:"
            f" {', '.join(row)}",
            where=where(),
            hint=name_it("label", row),
        )
    value = row[found[0]]
    if found == ["label"]:
        if not isinstance(value, str | int) or value == "":
            raise UserError(f"a label is a text, found {value!r}", where=where())
        return ClipLabels(whole=str(value))
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise UserError(f"{found[0]} is a list, found {type(value).__name__}", where=where())
    if found == ["labels"]:
        return ClipLabels(each=[[*map(str, one)] if isinstance(one, list | tuple) else [str(one)] for one in value])
    return ClipLabels(segments=[_segment(one, f"{where()}, segment {i}") for i, one in enumerate(value, start=1)])


def classes_of_frames(labels: ClipLabels, count: int, name: str, several: bool = False) -> list[list[str]]:
    """The classes of each frame of a clip; none where no segment has it.

    Args:
        labels: What is known of it; not one class for all.
        count: Number of its frames.
        name: What errors call the clip.
        several: Whether a frame may have more than one.

    Raises:
        UserError: A frame beyond the clip has a label, some have none, or a frame has two that may not.
    """
    if labels.each is not None:
        if len(labels.each) != count:
            raise UserError(f"{len(labels.each):,} frames have a label, and the clip has {count:,} frames", where=name)
        many = next((i for i, names in enumerate(labels.each) if len(names) != 1), None)
        if many is not None and not several:
            raise UserError(f"frame {many} has {len(labels.each[many])} classes", where=name, hint=_SEVERAL)
        return [list(names) for names in labels.each]
    assert labels.segments is not None
    found: list[list[str]] = [[] for _ in range(count)]
    for one in labels.segments:
        if one.last >= count:
            beyond = f"frame {one.last}" if one.first == one.last else f"frames {one.first} to {one.last}"
            raise UserError(
                f"{one.name!r} is said of {beyond}, and {name} has {count:,} frames, 0 to {count - 1}", where=one.where
            )
        for frame in range(one.first, one.last + 1):
            if found[frame] and not several:
                raise UserError(
                    f"frame {frame} of {name} is {found[frame][0]!r} already, and {one.name!r}",
                    where=one.where,
                    hint=_SEVERAL,
                )
            if one.name not in found[frame]:
                found[frame].append(one.name)
    return found


def read_label_table(path: Path) -> dict[str, dict[str, Any]]:
    """The labels of clips in a table, ``.csv`` or ``.tsv``.

    Args:
        path: The table. Its columns are ``clip`` and ``class``, for one class for a clip; or besides ``frame``, a class
            for each frame; or besides ``from`` and ``to``, both of which belong to it. Frames are counted from 0. A
            column ``split`` may be there.

    Returns:
        For each clip, in the order of the table, the fields of a row but the clip itself.

    Raises:
        UserError: It breaks its form; names the line.
    """
    lines = fields_of(read_pieces(path), path)
    names = next(lines, (0, []))[1]
    missing = [one for one in ("clip", "class") if one not in names]
    if missing:
        raise UserError(
            f"there is no column {missing[0]!r}; there are: {', '.join(names) or 'none'}",
            where=path,
            hint="columns clip, from, to, class; or clip, frame, class; or clip, class",
        )
    if ("from" in names) != ("to" in names):
        raise UserError("a column from needs a column to, and the other way round", where=path)
    clips: dict[str, dict[str, Any]] = {}
    for number, fields in lines:
        where = f"{path}, line {number}"
        if len(fields) != len(names):
            raise UserError(f"{len(fields)} columns instead of {len(names)}: {', '.join(names)}", where=where)
        row = dict(zip(names, fields, strict=True))
        _enter(clips.setdefault(row["clip"], {}), row, where)
    if not clips:
        raise UserError("no clip has a label in it", where=path)
    return clips


def _enter(clip: dict[str, Any], row: Mapping[str, str], where: str) -> None:
    if "split" in row and clip.setdefault("split", row["split"]) != row["split"]:
        raise UserError(f"{row['clip']} is in two splits, {clip['split']} and {row['split']}", where=where)
    if "from" in row or "frame" in row:
        ends = {"from": row.get("from", row.get("frame")), "to": row.get("to", row.get("frame"))}
        clip.setdefault("segments", []).append({**ends, "class": row["class"], "where": where})
    elif clip.setdefault("label", row["class"]) != row["class"]:
        raise UserError(f"{row['clip']} is {clip['label']!r} already, and {row['class']!r}", where=where)


def _segment(value: Any, where: str) -> Segment:
    keys = ("from", "to", "class")
    if not isinstance(value, Mapping) or not all(key in value for key in keys):
        there = ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
        missing = next((key for key in keys if not isinstance(value, Mapping) or key not in value), "")
        hint = did_you_mean(missing, list(value)) if isinstance(value, Mapping) else None
        raise UserError(f"a segment has from, to and class, found {there}", where=where, hint=hint)
    where = str(value.get("where", where))
    try:
        first, last = (int(value[key]) for key in ("from", "to"))
    except (TypeError, ValueError):
        raise UserError(f"frames have numbers, found {value['from']!r} to {value['to']!r}", where=where) from None
    if not 0 <= first <= last:
        raise UserError(f"frames go from the first to the last one, from 0 on, found {first} to {last}", where=where)
    if not str(value["class"]).strip():
        raise UserError("a class without a name", where=where)
    return Segment(first, last, str(value["class"]), where)
