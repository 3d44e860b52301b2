"""Folders of images with their captions, in the layouts that are in use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnnbench.data.cards import UserFiles, load_origin, names_card
from rnnbench.data.formats.columns import COLUMN_READERS
from rnnbench.data.formats.records import parse_json
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.sources.contiguous import Fractions, check_fractions, part
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import read_file, reading, real_path, user_path

_TABLES = (".csv", ".tsv")
_TOKENS = ("*.token.txt", "*.token")
_KARPATHY: dict[str, Split] = {"train": "train", "restval": "train", "val": "validation", "test": "test"}
_FRACTIONS: Fractions = (0.9, 0.05, 0.05)

_Captions = dict[str, list[str]]
"""For each image, by its path, all its captions."""


class CaptionedImages(Source):
    """A folder of images and what was written about them.

    ``path`` is one of these, or a folder that holds one:

    - ``dataset_flickr8k.json`` and the like, the splits of A. Karpathy and L. Fei-Fei (CVPR 2015);
    - ``Flickr8k.token.txt`` with ``Flickr_8k.trainImages.txt``, ``devImages`` and ``testImages`` beside it;
    - ``captions_train2017.json`` and ``captions_val2017.json`` of COCO, whose test split has no captions: test is what
      would be validation, and validation the last twentieth of what would be training;
    - a table, ``.csv`` or ``.tsv``, with an image and a caption a row, whose images are cut into splits in their order.

    Args:
        path: The file, or a folder that holds it.
        images: Folder of the images; null for that of the file.
        image: Column of a table that holds the path of the image.
        caption: Column of a table that holds a caption.
        fractions: Shares of train, validation and test of a table, counted in images.
        card: Name of the data card that describes them; ``none`` for none.
    """

    def __init__(
        self,
        path: str,
        images: str | None = None,
        image: str = "image",
        caption: str = "caption",
        fractions: Fractions = _FRACTIONS,
        card: str | None = None,
    ) -> None:
        check_fractions(fractions, where="--data.source.fractions")
        self.path = user_path(path, "--data.source.path")
        self.images = None if images is None else user_path(images, "--data.source.images")
        self.image = image
        self.caption = caption
        self.fractions: Fractions = fractions
        self.dataset = real_path(self.path).stem
        if names_card(card):
            self.dataset = load_origin(card, UserFiles)[0].name
        self._splits: dict[Split, _Captions] | None = None

    def rows(self, split: Split) -> list[Row]:
        """A row for each image: ``image``, its path, and ``captions``.

        Args:
            split: The split.

        Raises:
            UserError: There are no captions, or they break their format.
        """
        if self._splits is None:
            self._splits = self._read(self._file())
        found = self._splits.get(split)
        if not found:
            raise UserError(f"the {split} split is empty", where=self.path)
        return [{"image": name, "captions": captions} for name, captions in found.items()]

    def _file(self) -> Path:
        """The file with the captions."""
        if self.path.is_file():
            return self.path
        if not self.path.is_dir():
            raise UserError("there is no such file or folder", where=f"--data.source.path {self.path}")
        for patterns in (("dataset*.json",), _TOKENS, ("captions_train*.json",), ("*.csv", "*.tsv")):
            found = sorted(path for pattern in patterns for path in self.path.glob(pattern))
            if len(found) > 1:
                names = ", ".join(path.name for path in found)
                raise UserError(f"more than one file could hold the captions: {names}", where=self.path)
            if found:
                return found[0]
        raise UserError(
            "there are no captions in it",
            where=self.path,
            hint="dataset_NAME.json, NAME.token.txt, captions_train2017.json, or a .csv or .tsv table",
        )

    def _read(self, file: Path) -> dict[Split, _Captions]:
        if file.suffix.lower() in _TABLES:
            return self._table(file)
        if file.suffix.lower() == ".json":
            content = _json(file)
            return self._karpathy(content, file) if "annotations" not in content else self._coco(content, file)
        return self._tokens(file)

    def _table(self, file: Path) -> dict[Split, _Captions]:
        found: _Captions = defaultdict(list)
        for number, row in enumerate(COLUMN_READERS[file.suffix.lower()](read_file(file), file, None), start=1):
            for option, column in (("image", self.image), ("caption", self.caption)):
                if column not in row:
                    raise UserError(
                        f"record {number} has no column {column!r}; there are: {', '.join(row)}",
                        where=file,
                        hint=f"--data.source.{option} names it; {did_you_mean(column, row)}",
                    )
            found[self._path(file, row[self.image])].append(row[self.caption])
        return self._cut(list(found.items()))

    def _cut(self, images: list[tuple[str, list[str]]]) -> dict[Split, _Captions]:
        return {split: dict(images[part(len(images), self.fractions, split)]) for split in SPLITS}

    def _karpathy(self, content: dict[str, Any], file: Path) -> dict[Split, _Captions]:
        found: dict[Split, _Captions] = {split: {} for split in SPLITS}
        for number, image in enumerate(_list(content, "images", file)):
            with reading(file, f"image {number} lacks or misnames"):
                split = _KARPATHY[image["split"]]
                name = f"{image['filepath']}/{image['filename']}" if "filepath" in image else image["filename"]
                captions = [_text(sentence["raw"]) for sentence in image["sentences"]]
                path = self._path(file, name)
            found[split][path] = captions
        return found

    def _coco(self, content: dict[str, Any], file: Path) -> dict[Split, _Captions]:
        other = file.with_name(file.name.replace("train", "val"))
        if split_of(file.stem.replace("captions_", "").rstrip("0123456789")) != "train" or not other.is_file():
            raise UserError(
                "both captions_train....json and captions_val....json are needed",
                where=file,
                hint="name captions_train....json, and put the other one beside it",
            )
        images = list(self._annotated(content, file).items())
        first = len(images) - len(images) // 20
        test = self._annotated(_json(other), other)
        return {"train": dict(images[:first]), "validation": dict(images[first:]), "test": test}

    def _annotated(self, content: dict[str, Any], file: Path) -> _Captions:
        # COCO keeps the images of captions_train2017.json in train2017.
        folder = file.stem.removeprefix("captions_")
        with reading(file, "an entry lacks or misnames"):
            names = {image["id"]: f"{folder}/{image['file_name']}" for image in _list(content, "images", file)}
            found: _Captions = {self._path(file, name): [] for name in names.values()}
            for one in _list(content, "annotations", file):
                found[self._path(file, names[one["image_id"]])].append(_text(one["caption"]))
        return found

    def _tokens(self, file: Path) -> dict[Split, _Captions]:
        captions: _Captions = defaultdict(list)
        for number, line in _lines(file):
            name, tab, text = line.partition("\t")
            if not tab:
                raise UserError(f"line {number} has no tab between image and caption", where=file)
            captions[name.rpartition("#")[0] or name].append(text)
        lists: dict[Split, Path] = {}
        for path in sorted(file.parent.glob("*Images.txt")):
            split = split_of(path.stem.removesuffix("Images").rpartition(".")[2])
            if split is not None:
                lists[split] = path
        if set(lists) != set(SPLITS):
            raise UserError(
                "it takes a list of the images of each split, such as Flickr_8k.trainImages.txt",
                where=file.parent,
                hint="or dataset_NAME.json, which has captions and splits",
            )
        found: dict[Split, _Captions] = {}
        for split, path in lists.items():
            names = [line.strip() for _, line in _lines(path)]
            found[split] = {self._path(file, name): captions.get(name, []) for name in names}
        return found

    def _path(self, file: Path, name: str) -> str:
        return str((file.parent if self.images is None else self.images) / name)


def _json(file: Path) -> dict[str, Any]:
    content = parse_json(decode(read_file(file), file), file)
    if not isinstance(content, dict):
        raise UserError(f"no JSON object but {type(content).__name__}", where=file)
    return content


def _list(content: dict[str, Any], name: str, file: Path) -> list[Any]:
    value = content.get(name)
    if not isinstance(value, list):
        raise UserError(f"there is no list {name!r}; there are: {', '.join(content) or 'none'}", where=file)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a caption, which is {type(value).__name__}")
    return value


def _lines(file: Path) -> Iterable[tuple[int, str]]:
    lines = split_lines(decode(read_file(file), file))
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
