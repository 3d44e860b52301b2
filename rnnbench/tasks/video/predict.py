"""What is to be seen in clips, by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnnbench.data.clips.clip import Clip, Frame, find_clips
from rnnbench.data.lines import json_line
from rnnbench.errors import UserError
from rnnbench.safe_files import csv_text
from rnnbench.tasks.video.data import check_rate
from rnnbench.tasks.video.model import VideoModel
from rnnbench.tasks.video.said import Said, segments, subtitle
from rnnbench.tasks.video.stream import probabilities

_AT_ONCE = 8
_FRAME_RATE = "--frame-rate 25 says how many frames a second a folder or an animation without times has"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    group = parser.add_argument_group(
        "video: INPUT is a video file, an animated GIF, WebP or PNG, a folder of frames, or a folder of these"
    )
    group.add_argument(
        "--format",
        choices=("csv", "json"),
        default="csv",
        help="lines clip,from,to,class,probability, which is a table of labels, too, each as soon as a segment is over;"
        " or JSON with the same, a line for each clip (default: csv)",
    )
    group.add_argument("--srt", action="store_true", help="subtitles of SubRip, for one clip; without the background")
    group.add_argument(
        "--frame-rate",
        type=float,
        metavar="R",
        help="frames a second that are read; of clips that do not know when a frame is shown, those that they have"
        " (default: as in training)",
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Clip]:
    """The clips that the inputs name.

    Args:
        names: Files and folders.
        arguments: The parsed options.

    Raises:
        UserError: A folder holds no clip, there is no input, or options do not go together.
    """
    check_rate(arguments.frame_rate, "--frame-rate")
    found: list[Clip] = [clip for name in names for clip in find_clips(Path(name).expanduser())]
    if not found:
        raise UserError("there is no clip", where="rnnbench predict", hint="name a video, or a folder of frames")
    if arguments.srt and len(found) > 1:
        raise UserError(f"subtitles are those of one clip, and there are {len(found):,}", where="--srt")
    return found


def predict(model: VideoModel, clips: Sequence[Clip], arguments: argparse.Namespace) -> Iterator[str]:
    """Says what is to be seen.

    Args:
        model: A trained model.
        clips: What `read_inputs` found.
        arguments: The parsed options.

    Yields:
        A line for each segment or clip, or subtitles.
    """
    if arguments.precision == "64-true":
        raise UserError("frames are read in 32 bits", where="--precision 64-true", hint="leave it out")
    if not (arguments.srt or arguments.format == "json"):
        yield csv_text([["clip", "from", "to", "class", "probability"]])
    for clip in clips:
        parts = probabilities(model, _frames(model, clip, arguments), arguments.batch_size or _AT_ONCE)
        found = segments(parts, model.several)
        if arguments.srt:
            yield from _subtitles(model, clip, found)
        elif arguments.format == "json":
            yield json_line({"clip": clip.name, "segments": [_plain(model, one) for one in found]})
        else:
            for one in found:
                label = model.classes[one.label]
                yield csv_text([[clip.name, one.first, one.last, label, f"{one.probability:.4f}"]])


def _frames(model: VideoModel, clip: Clip, arguments: argparse.Namespace) -> Iterator[Frame]:
    rate = model.frame_rate if arguments.frame_rate is None else arguments.frame_rate
    for frame in clip.frames(model.image_size, model.fit, rate):
        at = frame.number / rate if frame.seconds is None and rate is not None else frame.seconds
        yield frame._replace(seconds=at)


def _subtitles(model: VideoModel, clip: Clip, found: Iterator[Said]) -> Iterator[str]:
    number = 0
    for one in found:
        if one.begins is None or one.ends is None or one.ends <= one.begins:
            raise UserError("nobody knows when its frames are shown", where=clip.name, hint=_FRAME_RATE)
        if one.label != model.background:
            number += 1
            yield subtitle(number, one, model.classes[one.label])


def _plain(model: VideoModel, one: Said) -> dict[str, object]:
    times = {} if one.begins is None else {"begins": one.begins, "ends": one.ends}
    label = model.classes[one.label]
    return {"from": one.first, "to": one.last, **times, "class": label, "probability": round(one.probability, 6)}
