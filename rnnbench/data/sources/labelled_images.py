"""Images of which each has a class: in the files of MNIST, or in a folder for each class."""

from __future__ import annotations

import re
from pathlib import Path

from rnnbench.data.cards import UserFiles, load_origin, names_card
from rnnbench.data.formats.idx import read_idx
from rnnbench.data.images.picture import IMAGE_SUFFIXES
from rnnbench.data.source import Row, Source, Split
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError
from rnnbench.reading import entries, real_path, user_path

_IDX = re.compile(r"(?P<split>train|valid(ation)?|val|dev|test|t10k)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?")


class LabelledImages(Source):
    """A folder of images with their classes.

    Either it holds the files of MNIST and its relatives, ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``,
    the same with ``t10k`` or ``test``, packed by gzip or not; or sub-folders ``train`` and ``test`` with a sub-folder
    for each class, which holds images. A validation split may be there or not.

    Args:
        path: The folder.
        card: Name of the data card that describes them; ``none`` for none.
    """

    def __init__(self, path: str, card: str | None = None) -> None:
        self.path = user_path(path, "--data.source.images.path")
        self.dataset = real_path(self.path).name
        if names_card(card):
            self.dataset = load_origin(card, UserFiles)[0].name

    def rows(self, split: Split) -> list[Row]:
        """A row for each image: ``image``, its path or its grey values ``(S, S)``, and ``label``.

        Args:
            split: The split.

        Raises:
            UserError: There is no such split, or its files break their format.
        """
        if not self.path.is_dir():
            raise UserError("there is no such folder", where=f"--data.source.images.path {self.path}")
        there = entries(self.path)
        files = {
            (_split(found["split"]), found["what"]): path for path in there if (found := _IDX.fullmatch(path.name))
        }
        if files:
            return self._idx(files, split)
        folders = [path for path in there if path.is_dir() and split_of(path.name) == split]
        if len(folders) != 1:
            raise UserError(
                f"there is no {split} split",
                where=self.path,
                hint=f"{split}-images-idx3-ubyte and -labels-idx1-ubyte, or a folder {split} with one for each class",
            )
        rows = [
            {"image": str(file), "label": label.name}
            for label in entries(folders[0])
            if label.is_dir()
            for file in entries(label)
            if file.suffix.lower() in IMAGE_SUFFIXES
        ]
        if not rows:
            raise UserError("there is no folder of a class with images", where=folders[0])
        return rows

    def _idx(self, files: dict[tuple[Split | None, str], Path], split: Split) -> list[Row]:
        paths = [files.get((split, what)) for what in ("images", "labels")]
        if None in paths:
            lacking = "images" if paths[0] is None else "labels"
            raise UserError(f"the {lacking} of the {split} split are not there", where=self.path)
        images, labels = (read_idx(path) for path in paths if path is not None)
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(images):
            shapes = " and ".join(" x ".join(map(str, one.shape)) for one in (images, labels))
            raise UserError(
                f"images and labels have the sizes {shapes}: N x S x S and N are needed",
                where=f"{paths[0]}, {paths[1]}",
            )
        return [{"image": image, "label": str(label)} for image, label in zip(images, labels.tolist(), strict=True)]


def _split(word: str) -> Split | None:
    return "test" if word == "t10k" else split_of(word)
