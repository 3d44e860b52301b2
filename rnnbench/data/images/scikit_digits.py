"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError

_WHITE = 16
_TEST = 360


class ScikitDigits(Source):
    """1,797 handwritten digits of 8 x 8 pixels, which scikit-learn brings along: the same on every machine.

    The last 360 images are the test split, the others training; there is no validation split, so that whoever reads
    them holds some out.
    """

    def __init__(self) -> None:
        self.dataset = load_origin("scikit_digits", Builtin)[0].name

    def rows(self, split: Split) -> list[Row]:
        """A row for each image: ``image``, its grey values ``(8, 8)``, and ``label``.

        Args:
            split: The split.

        Raises:
            UserError: scikit-learn is not installed, or there is no such split.
        """
        if split == "validation":
            raise UserError("there is no validation split", where=self.dataset, hint="--data.source.held_out 200")
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise UserError(
                "these digits come with scikit-learn", where=self.dataset, hint="pip install 'rnnbench[baselines]'"
            ) from None
        found = load_digits()
        pixels = np.rint(found.images * (255 / _WHITE)).astype(np.uint8)
        part = slice(-_TEST, None) if split == "test" else slice(-_TEST)
        return [
            {"image": image, "label": str(label)}
            for image, label in zip(pixels[part], found.target[part].tolist(), strict=True)
        ]
