"""Bounds of images, or drawings, by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.images.labelled import as_grey
from rnnbench.data.images.picture import Picture, find_pictures, read_image
from rnnbench.data.lines import json_line
from rnnbench.data.readable import readable
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import evaluating
from rnnbench.tasks.base.pictures import FILMS
from rnnbench.tasks.drawing.model import ImageModel
from rnnbench.tasks.drawing.pictures import draw_sheet, new_drawing, write_film
from rnnbench.tasks.drawing.show import draw_some, shown

_AT_ONCE = 256
_WHITE = 128


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    group = parser.add_argument_group(
        "drawing: INPUT is an image, or a folder of them, of which the bound is told; without INPUT it draws"
    )
    group.add_argument("--format", choices=("text", "json"), default="text", help="name and bound; or JSON")
    group.add_argument(
        "--picture", type=new_drawing, metavar="FILE", help="where to draw: .png, or a film, .gif or .webp"
    )
    group.add_argument("--count", type=int, default=25, metavar="N", help="drawings (default: %(default)s)")
    group.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the drawings (default: %(default)s)")
    group.add_argument(
        "--class", dest="of_class", metavar="NAME", help="class of all images, for a model that is told it"
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Picture]:
    """The images that the inputs name; none where something is to be drawn.

    Args:
        names: Files, and folders, which stand for all images in them.
        arguments: The parsed options.

    Raises:
        UserError: A folder holds no image, or it is neither said what to read nor where to draw.
    """
    if bool(names) == bool(arguments.picture):
        problem = "images are read, or something is drawn" if names else "there is no image, and nowhere to draw"
        raise UserError(problem, where="rnnbench predict", hint="name images, or --picture FILE")
    return [picture for name in names for picture in find_pictures(name)]


def predict(model: ImageModel, inputs: Sequence[Picture], arguments: argparse.Namespace) -> Iterator[str]:
    """Tells the bound of each image, or draws.

    Args:
        model: A trained model.
        inputs: What `read_inputs` found.
        arguments: The parsed options.

    Yields:
        A line for each image: its name and bound, in nats; or JSON.
    """
    of_class = _class(model, arguments)
    if arguments.picture:
        _draw(model, arguments, of_class)
        return
    at_once = arguments.batch_size or _AT_ONCE

    def read(one: Picture) -> NDArray[np.uint8]:
        grey = as_grey(read_image(one, model.size))
        return np.where(grey >= _WHITE, 255, 0).astype(np.uint8) if model.binary else grey

    for first in range(0, len(inputs), at_once):
        some, pixels = readable(inputs[first : first + at_once], read, len(inputs) == 1)
        if not some:
            continue
        images = torch.from_numpy(np.stack(pixels))
        y = torch.full((len(some),), of_class or 0, device=model.device)
        with evaluating(model):
            bounds, weighted = model.bounds_of(images, y, model.importance_samples)
        for picture, bound, other in zip(some, bounds.tolist(), weighted.tolist(), strict=True):
            if arguments.format == "json":
                yield json_line({"image": picture.name, "bound": bound, "importance_bound": other})
            else:
                yield f"{picture.name}\t{bound:.2f}\n"


def _draw(model: ImageModel, arguments: argparse.Namespace, of_class: int | None) -> None:
    for name, value, most in (("count", arguments.count, 400), ("seed", arguments.seed, 2**32 - 1)):
        if not (1 if name == "count" else 0) <= value <= most:
            raise UserError(f"must not be {value}, but at most {most}", where=f"--{name}")
    path, drawn = arguments.picture, draw_some(model, arguments.count, arguments.seed, of_class)
    across = int(np.ceil(arguments.count**0.5))
    frames = [
        [
            [shown(drawn, i, step) for i in range(first, min(first + across, arguments.count))]
            for first in range(0, arguments.count, across)
        ]
        for step in range(drawn.canvases.shape[1])
    ]
    if path.suffix.lower() in FILMS:
        write_film(path, frames)
    else:
        draw_sheet(path, [[one._replace(window=None) for one in row] for row in frames[-1]])


def _class(model: ImageModel, arguments: argparse.Namespace) -> int | None:
    """Number of the class that is asked for."""
    told = getattr(model, "conditional", False)
    if arguments.of_class is None:
        if told and not arguments.picture:
            raise UserError("the model is told the class of an image", where="--class", hint=", ".join(model.classes))
        return None
    if not told:
        raise UserError(
            "the model is told no class", where="--class", hint="one trained with --model.conditional true is"
        )
    if arguments.of_class not in model.classes:
        raise UserError(
            f"there is no class {arguments.of_class!r}",
            where="--class",
            hint=did_you_mean(arguments.of_class, model.classes),
        )
    return list(model.classes).index(arguments.of_class)
