"""CIDEr-D: R. Vedantam, C. L. Zitnick and D. Parikh, CIDEr: Consensus-based Image Description Evaluation, CVPR 2015."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

_LONGEST = 4
_SIGMA = 6.0
_SCALE = 10.0

Gram = tuple[str, ...]


class Cider:
    """Scores captions by how much they have in common with the references, rare n-grams counting more.

        g_n(x) = count(x) (log N - log max(1, images whose references have the n-gram)),
        CIDEr-D = 10 mean_n mean_r exp(-(|c| - |r|)^2 / (2 sigma^2)) min(g_n(c), g_n(r)) . g_n(r) / (|g_n(c)| |g_n(r)|)

    over n = 1 to 4, with sigma = 6. As in the program of the COCO evaluation, the length of a text is the number of
    its pairs of words.

    Args:
        references: The captions of N images, which the weights of n-grams are taken from.
    """

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._images = math.log(len(references))
        self._known: Counter[Gram] = Counter()
        for captions in references:
            self._known.update({gram for text in captions for gram in _grams(text)})

    def vector(self, text: str) -> tuple[list[dict[Gram, float]], list[float], int]:
        """Of a text the weighted n-grams of each order, the norms of these, and its length."""
        parts: list[dict[Gram, float]] = [{} for _ in range(_LONGEST)]
        length = 0
        for gram, count in _grams(text).items():
            parts[len(gram) - 1][gram] = count * (self._images - math.log(max(1.0, self._known[gram])))
            if len(gram) == 2:
                length += count
        return parts, [math.sqrt(sum(value**2 for value in part.values())) for part in parts], length

    def score(self, caption: str, references: Sequence[str]) -> float:
        """The score of a caption, from 0 to 10.

        Args:
            caption: The caption, words parted by spaces.
            references: At least one.
        """
        parts, norms, length = self.vector(caption)
        total = 0.0
        for reference in references:
            others, other_norms, other_length = self.vector(reference)
            near = math.exp(-((length - other_length) ** 2) / (2 * _SIGMA**2))
            for part, norm, other, other_norm in zip(parts, norms, others, other_norms, strict=True):
                if norm and other_norm:
                    total += near * _overlap(part, other) / (norm * other_norm)
        return _SCALE * total / (_LONGEST * len(references))


def cider(captions: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """The score of each caption, the weights being those of the references at hand.

    Args:
        captions: A caption for each of N images, words parted by spaces.
        references: The captions of each image in the data, at least one.
    """
    scorer = Cider(references)
    return [scorer.score(*pair) for pair in zip(captions, references, strict=True)]


def _overlap(part: Mapping[Gram, float], other: Mapping[Gram, float]) -> float:
    return sum(min(value, other[gram]) * other[gram] for gram, value in part.items() if gram in other)


def _grams(text: str) -> Counter[Gram]:
    words = text.split()
    return Counter(tuple(words[i : i + n]) for n in range(1, _LONGEST + 1) for i in range(len(words) - n + 1))
