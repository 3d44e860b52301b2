"""Images with their captions."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.column_names import ColumnNames, records_of
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.augment import ImageAugmentation
from rnnbench.data.images.features import Features
from rnnbench.data.images.picture import Fit, Pixels
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import SPLITS, Row, Source, Split
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0
from rnnbench.tasks.base import BucketedData, Spec
from rnnbench.tasks.captioning.batch import Images
from rnnbench.tasks.captioning.captions import CaptionUnit, caption_words
from rnnbench.tasks.captioning.features import check_widths, with_features
from rnnbench.tasks.captioning.images import CaptionedImage, read_images

_AS_IT_IS = ImageAugmentation()


class _Looked(NamedTuple):
    """What was read of an image: its shape, and itself where it is to be kept."""

    shape: tuple[int, ...]
    kept: Pixels | Features | None


class CaptionData(BucketedData[Images]):
    """Images with one or several captions each.

    A batch is made of images with all their captions, so that an encoder reads every image once. Captions are
    lower-cased and without punctuation, as in published scores, unless the options say otherwise.

    Args:
        source: Where images and captions come from.
        features: Folder of ``.npy`` or ``.npz`` files, or one ``.npz`` file, with a matrix of regions by features for
            each image, by its name (see `rnnbench.data.images.features`), which models read in place of the image; null
            for pixels. The images themselves then are not needed, but for pictures.
        image_size: Pixels of a side that images are brought to.
        fit: How an image becomes a square: its sides are stretched, or what is too long is cut off.
        augment: How images are changed in training; features are not.
        image_column: Column that holds the image: a path, or the bytes of a file as the hub has them.
        captions_column: Column that holds a list of captions, or one, or a list of such columns; rows of the same path
            are one image.
        folder: Folder that paths of images are relative to; null for the working folder.
        unit: What a word is: English words and clitics, or what white space separates.
        lowercase: Whether captions are lower-cased.
        punctuation: Whether punctuation marks are words, too.
        min_count: Rarer words become ``<unk>``.
        max_vocabulary: Keep only so many of the most frequent words, special ones included.
        max_length: Training captions of more words are left out; null for no limit.
        batch_size: Images of a batch of one process.
        keep_in_memory: Whether images stay in memory once they were read, 50 kB each at 128 pixels; else they are read
            anew in every epoch.
        max_unreadable: Largest share of the images of a split that may be broken: they are left out and listed by the
            names of their files, and the metrics' signature says how many of the test split were.
        num_workers: Processes that read ahead, and threads that read images at the start.
        columns: What columns are called in the data, where that is something else: ``{image: file, captions: text}``.
    """

    source: Source
    inputs = "a.jpg folder/"

    def __init__(
        self,
        source: Source,
        features: str | None = None,
        image_size: int = 128,
        fit: Fit = "stretch",
        augment: ImageAugmentation = _AS_IT_IS,
        image_column: str = "image",
        captions_column: str | list[str] = "captions",
        folder: str | None = None,
        unit: CaptionUnit = "english",
        lowercase: bool = True,
        punctuation: bool = False,
        min_count: int = 1,
        max_vocabulary: int | None = None,
        max_length: int | None = None,
        batch_size: int = 32,
        keep_in_memory: bool = True,
        max_unreadable: float = 0.25,
        num_workers: Annotated[int, AT_LEAST_0] = 0,
        columns: ColumnNames | None = None,
    ) -> None:
        super().__init__(source, Budget(None, batch_size), num_workers)
        self.columns = columns
        if image_size < 1:
            raise UserError(f"must be at least 1, found {image_size}", where="data.image_size")
        augment.check()
        self.features = None if features is None else Path(features).expanduser()
        self.image_size = image_size
        self.fit: Fit = fit
        self.augment = augment
        self.image_column = image_column
        self.captions_column = captions_column
        self.folder = None if folder is None else Path(folder).expanduser()
        self.unit: CaptionUnit = unit
        self.lowercase = lowercase
        self.punctuation = punctuation
        self.min_count = min_count
        self.max_vocabulary = max_vocabulary
        self.max_length = max_length
        self.keep_in_memory = keep_in_memory
        self.max_unreadable = max_unreadable
        self.unreadable: dict[Split, int] = {}
        self.encoder: TextEncoder | None = None
        self.feature_size: int | None = None
        self.training_captions: frozenset[str] = frozenset()

    @property
    def spec(self) -> Spec:
        """The vocabulary, and how images are read."""
        assert self.encoder is not None, "setup comes first"
        found = {
            "words": self.encoder.state(),
            "image_size": self.image_size,
            "fit": self.fit,
            "unit": self.unit,
            "lowercase": self.lowercase,
            "punctuation": self.punctuation,
        }
        return found if self.feature_size is None else found | {"feature_size": self.feature_size}

    def details(self) -> dict[str, str | int | float]:
        """Size of images or features, of the vocabulary and of the splits."""
        assert self.encoder is not None, "setup comes first"
        seen = {"image_size": self.image_size} if self.feature_size is None else {"feature_size": self.feature_size}
        found: dict[str, str | int | float] = {**seen, "vocabulary": len(self.encoder)}
        for split, read in self.splits.items():
            found[f"{split}_images"] = len(read.images)
            found[f"{split}_captions"] = read.num_captions
            found[f"{split}_tokens"] = read.tokens
        # Pixels are as long as any others.
        return found if self.features is None else {**found, **self.padding()}

    @property
    def augments(self) -> bool:
        """Whether images are changed in training."""
        return self.augment != _AS_IT_IS

    def words(self, text: str) -> str:
        """The words of a caption, as models learn and metrics compare them."""
        return caption_words(text, self.unit, self.lowercase, self.punctuation)

    def references(self, split: Split) -> list[list[str]]:
        """For each image of a split, in the order of a batch's ``ids``, all its captions in words."""
        return [[self.words(text) for text in image.captions] for image in self.splits[split].images]

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        everything = {split: self._read(split) for split in SPLITS}
        self.fingerprint = self._fingerprint(everything)
        if self.features is not None:
            everything = with_features(everything, self.features)
        spec = self.model_spec()
        if spec is not None:
            self._take(spec)
        training = [self.words(text) for image in everything["train"] for text in image.captions]
        self.training_captions = frozenset(training)
        if spec is None:
            self.encoder = TextEncoder.train(
                "word", [text for text in training if text], min_count=self.min_count, max_size=self.max_vocabulary
            )
        for split in wanted:
            self.splits[split] = self._usable(split, everything[split], left_out)

    def _read(self, split: Split) -> list[CaptionedImage]:
        place = functools.partial(self.source.place, split)
        rows = records_of(self.source, split, self.columns)
        return read_images(rows, self.image_column, self.captions_column, self.folder, place)

    def _fingerprint(self, splits: Mapping[Split, list[CaptionedImage]]) -> str:
        """Of images in files, the names and sizes stand for the content."""

        def seen(image: CaptionedImage) -> Row:
            content: Any = image.picture.file
            if isinstance(content, Path):
                content = (content.name, content.stat().st_size if content.is_file() else None)
            return {"image": content, "captions": image.captions}

        settings = {"unit": self.unit, "lowercase": self.lowercase, "punctuation": self.punctuation}
        return fingerprint({split: map(seen, images) for split, images in splits.items()}, **settings)

    def _take(self, spec: Spec) -> None:
        """A trained model rules over new data."""
        for name in ("image_size", "fit", "unit", "lowercase", "punctuation"):
            if spec[name] != getattr(self, name):
                raise UserError(
                    f"the model was trained with {spec[name]!r}, found {getattr(self, name)!r}",
                    where=f"data.{name}",
                    hint="leave it as it was",
                )
        self.encoder = TextEncoder.from_state(spec["words"])
        self.feature_size = spec.get("feature_size")
        if (self.feature_size is None) != (self.features is None):
            what = "images" if self.feature_size is None else "features"
            raise UserError(f"the model was trained on {what}", where="data.features", hint="leave it as it was")

    def _usable(self, split: Split, images: Sequence[CaptionedImage], left_out: LeftOut) -> Images:
        """What can be read and has captions; what cannot is listed."""
        captions = [self._encode(split, image, left_out) for image in images]
        for image, ids in zip(images, captions, strict=True):
            if not ids:
                left_out.add(split, image.row, "no caption", "dropped")
        described = [number for number, ids in enumerate(captions) if ids]
        looked: list[_Looked] = []
        numbers: list[int] = []
        broken: dict[str, UserError] = {}
        for number, found in zip(described, self._look([images[number] for number in described]), strict=True):
            if isinstance(found, UserError):
                broken[images[number].picture.name] = found
            else:
                looked.append(found)
                numbers.append(number)
        left_out.leave_unreadable(split, broken, len(described), self.max_unreadable)
        self.unreadable[split] = len(broken)
        if not numbers:
            left_out.report()
            raise UserError(f"no image of {split} can be used", where=self.dataset, hint="the reasons stand above")
        usable = [images[number] for number in numbers]
        if self.features is not None:
            self.feature_size = check_widths(usable, [one.shape[1] for one in looked], self.feature_size)
        in_training = split == "train"
        return Images(
            usable,
            [captions[number] for number in numbers],
            self.image_size,
            self.fit,
            [one.kept for one in looked if one.kept is not None] if self.keep_in_memory else None,
            None if self.features is None else [one.shape[0] for one in looked],
            self.augment if in_training and self.augments else None,
            self.global_seed,
        )

    def _encode(self, split: Split, image: CaptionedImage, left_out: LeftOut) -> list[Tensor]:
        """Ids of the captions that can be learned from, or in evaluation of all that have a word."""
        assert self.encoder is not None
        found = []
        for text in image.captions:
            ids = self.encoder.encode(self.words(text))
            reason = None
            if not len(ids):
                reason = "a caption without a word"
            elif split == "train" and (ids == TextEncoder.unknown).all():
                reason = "a caption of unknown words only"
            elif split == "train" and self.max_length is not None and len(ids) > self.max_length:
                reason = f"a caption of more than {self.max_length} words"
            if reason is not None:
                left_out.add(split, image.row, reason, "caption dropped")
            else:
                found.append(torch.from_numpy(np.concatenate([[self.encoder.begin], ids, [self.encoder.end]])))
        return found

    def _look(self, images: Sequence[CaptionedImage]) -> list[_Looked | UserError]:
        """Reads all images once, or says what is wrong with them."""

        def look(image: CaptionedImage) -> _Looked | UserError:
            try:
                found = image.look(self.image_size, self.fit)
            except UserError as error:
                return error
            return _Looked(found.shape, found if self.keep_in_memory else None)

        with ThreadPoolExecutor(max(self.num_workers, 1)) as pool:
            return list(pool.map(look, images))
