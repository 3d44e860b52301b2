"""The least that a captioner must beat: captions that are copied from the training split."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel
from rnnbench.tasks.captioning.batch import CaptionBatch, Regions, as_read, count_images
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.model import CaptionModel

_AT_ONCE = 256


class CopiedCaptions(CountingModel[CaptionData], CaptionModel):
    """A model without an optimizer: when training starts it takes what it needs of the training split.

    It keeps some captions, each with the thumbnail of its image where that matters. Subclasses write `choose` and
    `find`.
    """

    tables = ("thumbnails", "letters", "sizes")
    thumbnails: Tensor
    """``(K, F)``."""
    letters: Tensor
    sizes: Tensor

    @abstractmethod
    def choose(self, captions: Sequence[Sequence[str]]) -> list[str]:
        """The captions to keep.

        Args:
            captions: For each training image all its captions, in words.
        """

    @abstractmethod
    def find(self, images: Tensor | Regions) -> Tensor:
        """Which kept caption ``(B,)`` each image gets."""

    def count_split(self) -> dict[str, Tensor]:
        """See `CountingModel.count_split`."""
        chosen = [text.encode("utf-8") for text in self.choose(self.data.references("train"))]
        letters = torch.tensor(list(b"".join(chosen)), dtype=torch.uint8)
        return {"letters": letters, "sizes": torch.tensor([len(text) for text in chosen])}

    def describe_batch(self, batch: CaptionBatch, split: Split) -> tuple[list[str], Tensor]:
        """See `CaptionModel.describe_batch`."""
        return self.describe(batch.images), torch.zeros(len(batch.ids), 0, device=batch.ids.device)

    def describe(self, images: Tensor | Regions) -> list[str]:
        """A caption of each image."""
        if not len(self.sizes):
            # The check before the training.
            return [""] * count_images(images)
        ends = self.sizes.cumsum(0).tolist()
        starts = [0, *ends]
        found = self.find(images).tolist()
        return [bytes(self.letters[starts[i] : ends[i]].tolist()).decode("utf-8") for i in found]

    def num_parameters(self) -> int:
        """Number of captions kept."""
        return len(self.sizes)


class FrequentCaption(CopiedCaptions):
    """Gives every image the most frequent caption of the training split; of equally frequent ones the first."""

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def choose(self, captions: Sequence[Sequence[str]]) -> list[str]:
        """See `CopiedCaptions.choose`."""
        counts = Counter(text for texts in captions for text in texts if text)
        return [counts.most_common(1)[0][0]]

    def find(self, images: Tensor | Regions) -> Tensor:
        """See `CopiedCaptions.find`."""
        return torch.zeros(count_images(images), dtype=torch.int64)

    def model_name(self) -> str:
        """The name."""
        return "most frequent caption"


class NearestCaption(CopiedCaptions):
    """Gives every image the first caption of the training image whose thumbnail is nearest to its own.

    Where data have features, their mean stands for the thumbnail.

    Args:
        thumbnail: Pixels of a side of a thumbnail; the distance is that of their colours, squared and summed.
    """

    def __init__(self, thumbnail: int = 8) -> None:
        super().__init__()
        self.save_hyperparameters()
        if thumbnail < 1:
            raise UserError(f"must be at least 1, found {thumbnail}", where="model.thumbnail")
        self.thumbnail = thumbnail

    def choose(self, captions: Sequence[Sequence[str]]) -> list[str]:
        """See `CopiedCaptions.choose`; takes the thumbnails, too."""
        train = self.data.splits["train"]
        parts = [
            self._shrink(as_read([train.look(i) for i in range(first, min(first + _AT_ONCE, len(captions)))]))
            for first in range(0, len(captions), _AT_ONCE)
        ]
        self.thumbnails = torch.cat(parts).to(self.device)
        return [next(text for text in texts if text) for texts in captions]

    def find(self, images: Tensor | Regions) -> Tensor:
        """See `CopiedCaptions.find`."""
        return torch.cdist(self._shrink(images), self.thumbnails).argmin(1)

    def model_name(self) -> str:
        """The name."""
        return "nearest neighbour"

    def _shrink(self, images: Tensor | Regions) -> Tensor:
        if isinstance(images, Regions):
            return images.values.sum(1) / images.lengths[:, None]
        return F.adaptive_avg_pool2d(images.float(), self.thumbnail).flatten(1)
