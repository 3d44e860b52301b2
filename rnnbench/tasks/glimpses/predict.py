"""What images show by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

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
from rnnbench.errors import UserError
from rnnbench.tasks.base import evaluating, exact
from rnnbench.tasks.base.pictures import FILMS, new_picture_or_film
from rnnbench.tasks.glimpses.animation import write_film
from rnnbench.tasks.glimpses.model import SceneReader
from rnnbench.tasks.glimpses.models.looking import LookingReader
from rnnbench.tasks.glimpses.pictures import MOST, Seen, draw_glimpses
from rnnbench.tasks.glimpses.show import seen_of

_AT_ONCE = 256


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    group = parser.add_argument_group("glimpses: INPUT is an image, or a folder of them")
    group.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="name, answer and probability parted by tabs; or JSON with the places of all looks (default: text)",
    )
    group.add_argument(
        "--passes", type=int, metavar="N", help="passes over each image that are averaged (default: model's)"
    )
    group.add_argument(
        "--picture",
        type=new_picture_or_film,
        metavar="FILE",
        help=f"draw the looks at the first {MOST} images; .gif and .webp are films, .png and others pages",
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Picture]:
    """The images that the inputs name.

    Args:
        names: Files, and folders, which stand for all images in them.
        arguments: The parsed options.

    Raises:
        UserError: A folder holds no image, or there is no input.
    """
    found = [picture for name in names for picture in find_pictures(name)]
    if not found:
        raise UserError("there is no image", where="rnnbench predict", hint="name image files, or a folder of them")
    return found


def predict(model: SceneReader, inputs: Sequence[Picture], arguments: argparse.Namespace) -> Iterator[str]:
    """Says what each image shows.

    Args:
        model: A trained model.
        inputs: What `read_inputs` found.
        arguments: The parsed options.

    Yields:
        A line for each image: its name, the answer and its probability; or JSON.
    """
    passes = _passes(model, arguments)
    shown: list[Seen] = []
    at_once = arguments.batch_size or _AT_ONCE

    def read(one: Picture) -> NDArray[np.uint8]:
        return as_grey(read_image(one, model.size))

    for first in range(0, len(inputs), at_once):
        some, pixels = readable(inputs[first : first + at_once], read, len(inputs) == 1)
        if not some:
            continue
        images = torch.from_numpy(np.stack(pixels))
        places = None
        with evaluating(model):
            if isinstance(model, LookingReader):
                scores, looked = model.read(images.to(model.device), passes)
                places = ((looked.places[::passes].double() + 1) * (model.size / 2)).tolist()
            else:
                scores = model(images.to(model.device))
        if arguments.picture and isinstance(model, LookingReader) and len(shown) < MOST:
            shown += seen_of(model, images[: MOST - len(shown)], passes)
        for number, (picture, probabilities) in enumerate(zip(some, exact(scores).softmax(2).cpu(), strict=True)):
            names, likely = model.said(probabilities)
            if arguments.format == "json":
                found = {"image": picture.name, "answers": names, "probability": likely}
                yield json_line(found if places is None else {**found, "looks": places[number]})
            else:
                yield f"{picture.name}\t{' '.join(names) or '-'}\t{likely:.4f}\n"
    if shown:
        path = arguments.picture
        (write_film if path.suffix.lower() in FILMS else draw_glimpses)(path, shown)


def _passes(model: SceneReader, arguments: argparse.Namespace) -> int:
    """How many passes the options ask for."""
    if not isinstance(model, LookingReader):
        if arguments.picture or arguments.passes is not None:
            raise UserError(
                "this model sees the whole image at once",
                where="--picture" if arguments.picture else "--passes",
                hint="models that look can",
            )
        return 1
    if arguments.passes is None:
        return model.passes
    if arguments.passes < 1:
        raise UserError(f"must be at least 1, found {arguments.passes}", where="--passes")
    return arguments.passes
