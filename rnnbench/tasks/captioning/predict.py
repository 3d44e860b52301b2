"""Captions of images by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from rnnbench.data.images.features import FEATURE_SUFFIXES, FeatureFile, Features, find_features, read_features
from rnnbench.data.images.picture import IMAGE_SUFFIXES, Picture, Pixels, find_pictures, read_image
from rnnbench.data.lines import json_line
from rnnbench.data.readable import readable
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.tasks.base import Spec
from rnnbench.tasks.base.pictures import new_picture
from rnnbench.tasks.base.texts import chosen_beam
from rnnbench.tasks.captioning.baselines.copying import CopiedCaptions
from rnnbench.tasks.captioning.batch import as_read
from rnnbench.tasks.captioning.model import CaptionModel
from rnnbench.tasks.captioning.models.recurrent import Captioner
from rnnbench.tasks.captioning.pictures import Seen, draw_attention
from rnnbench.tasks.captioning.search import Caption, describe_images

_AT_ONCE = 64


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    group = parser.add_argument_group(
        "captioning: INPUT is an image, or a folder of them; or features, .npy or .npz, if the model reads such"
    )
    group.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="text; or JSON with scores and words, a line for each image (default: text)",
    )
    group.add_argument("--beam-size", type=int, metavar="K", help="captions at a time; 1 is greedy (default: model's)")
    group.add_argument("--length-penalty", type=float, metavar="A", help="0 prefers short captions (default: model's)")
    group.add_argument("--max-length", type=int, metavar="N", help="most words of a caption (default: model's)")
    group.add_argument("--nbest", type=int, metavar="N", default=1, help="the N best captions of each image")
    group.add_argument(
        "--attention",
        type=new_picture,
        metavar="FILE",
        help="draw what was looked at for each word of the first images",
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Picture | FeatureFile]:
    """The images that the inputs name.

    Args:
        names: Files, and folders, which stand for all images in them, or for all features where there is no image.
        arguments: The parsed options.

    Raises:
        UserError: A file is not there, a folder holds no image, or there is no input.
    """
    found: list[Picture | FeatureFile] = []
    for name in names:
        path = Path(name).expanduser()
        found += find_features(path).values() if _has_features(path) else find_pictures(name)
    if not found:
        raise UserError("there is no image", where="rnnbench predict", hint="name image files, or a folder of them")
    return found


def _has_features(path: Path) -> bool:
    """Whether it is a file of features, or a folder with such and with no image."""
    if not path.is_dir():
        return path.suffix in FEATURE_SUFFIXES
    suffixes = {file.suffix for file in path.rglob("*")}
    return bool(suffixes & set(FEATURE_SUFFIXES)) and not any(one.lower() in IMAGE_SUFFIXES for one in suffixes)


def predict(
    model: CaptionModel, inputs: Sequence[Picture | FeatureFile], arguments: argparse.Namespace
) -> Iterator[str]:
    """Describes each image.

    Args:
        model: A trained model.
        inputs: What `read_inputs` found.
        arguments: The parsed options.

    Yields:
        The caption of one image, or of several a line each with the name before a tab; several captions of an image
        have a line each, with the score after the name.
    """
    if arguments.precision == "64-true":
        raise UserError("images are read in 32 bits", where="--precision 64-true", hint="leave it out")
    assert model.spec is not None
    beam = _beam(model, arguments)
    seen: list[Seen] = []
    alone, at_once = len(inputs) == 1, arguments.batch_size or _AT_ONCE
    for first in range(0, len(inputs), at_once):
        some, read = readable(inputs[first : first + at_once], functools.partial(_read, model.spec), alone)
        for picture, one, captions in zip(some, read, _describe(model, read, beam, arguments), strict=True):
            best = captions[0]
            if best.attention is not None:
                seen.append(Seen(cast(Pixels, one), best.words, best.attention))
            yield (
                _as_json(picture, captions) if arguments.format == "json" else _as_text(picture, captions, len(inputs))
            )
    if arguments.attention:
        draw_attention(arguments.attention, seen)


def _read(spec: Spec, one: Picture | FeatureFile) -> Pixels | Features:
    """What the model reads of an input."""
    width = spec.get("feature_size")
    if isinstance(one, Picture):
        if width is not None:
            raise UserError("the model reads features, and this is an image", where=one.name, hint="a .npy file")
        return read_image(one, spec["image_size"], spec["fit"])
    if width is None:
        raise UserError("the model reads images, and these are features", where=one.name)
    found = read_features(one)
    if found.shape[1] != width:
        raise UserError(f"the model reads features {width} wide, and these are {found.shape[1]} wide", where=one.name)
    return found


def _describe(
    model: CaptionModel, read: Sequence[Pixels | Features], beam: Beam, arguments: argparse.Namespace
) -> list[list[Caption]]:
    if isinstance(model, Captioner):
        return describe_images(model, read, beam, arguments.max_length)
    assert isinstance(model, CopiedCaptions)
    return [[Caption(text, 0.0, text.split(), None)] for text in model.describe(as_read(read))]


def _beam(model: CaptionModel, arguments: argparse.Namespace) -> Beam:
    """The model's way to search, with what the options say."""
    beam = chosen_beam(model.beam if isinstance(model, Captioner) else Beam(1), arguments)
    if arguments.attention and not (isinstance(model, Captioner) and model.attends):
        raise UserError("this model attends to nothing", where="--attention", hint="models with attention can")
    if arguments.attention and isinstance(model, Captioner) and model.grid is None:
        raise UserError("features do not say where their regions lie in the image", where="--attention")
    return beam


def _as_text(picture: Picture | FeatureFile, captions: Sequence[Caption], inputs: int) -> str:
    name = f"{picture.name}\t" if inputs > 1 else ""
    if len(captions) == 1:
        return f"{name}{captions[0].text}\n"
    return "".join(f"{name}{one.score:.4f}\t{one.text}\n" for one in captions)


def _as_json(picture: Picture | FeatureFile, captions: Sequence[Caption]) -> str:
    found = [{"text": one.text, "score": round(one.score, 4)} for one in captions]
    return json_line({"image": picture.name, "captions": found})
