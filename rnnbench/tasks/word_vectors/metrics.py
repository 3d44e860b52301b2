"""How well vectors say what people say: which words are alike, and which stand to each other as others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from rnnbench.data.text.benchmarks import Pair, Question
from rnnbench.tasks.base import ItemValues
from rnnbench.tasks.word_vectors.lookup import Lookup

# Of 3CosMul: what keeps it from dividing by nothing.
_SMALL = 1e-3
_AT_ONCE, _SCORED = 64, 16


class HeldOut(ItemValues):
    """Of every piece of held-out text: nats that were lost, and over how many pairs; tokens, and those left out."""

    def contributions(self, values: Tensor) -> tuple[str, Tensor] | None:
        """The loss of a pair, where there are any."""
        return ("nats_per_pair", values[:, :2]) if float(values[:, 1].sum()) else None


class Rho(NamedTuple):
    """Rank correlation with people's judgements."""

    value: float
    """Spearman's; 0 where all vectors, or all people, call all pairs as alike."""
    known: int
    """Pairs of which both words have a vector; no other counts."""


def spearman(pairs: Sequence[Pair], lookup: Lookup) -> Rho:
    """Spearman's rank correlation of cosines with people's scores, equal ones at their mean rank.

    Args:
        pairs: Pairs of words.
        lookup: Finds vectors.
    """
    found = [(lookup.vector(pair.first), lookup.vector(pair.second), pair.score) for pair in pairs]
    known = [(float(a @ b), score) for a, b, score in found if a is not None and b is not None]
    if len(known) < 2:
        return Rho(0.0, len(known))
    # Cosines that differ in their last digits alone are equal.
    ranks = [rankdata(np.round(column, 12)) for column in zip(*known, strict=True)]
    centred = [rank - rank.mean() for rank in ranks]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return Rho(float((centred[0] * centred[1]).sum()) / scale if scale else 0.0, len(known))


class Answered(NamedTuple):
    """Which questions are answered rightly, of those whose four words are known."""

    numbers: NDArray[np.int64]
    """``(Q,)``: numbers of these questions among all."""
    added: NDArray[np.bool_]
    """``(Q,)``: by 3CosAdd."""
    multiplied: NDArray[np.bool_]
    """``(Q,)``: by 3CosMul."""


def answer_questions(questions: Sequence[Question], lookup: Lookup, most: int) -> Answered:
    """Answers ``a : b = c : ?``.

        3CosAdd = argmax of cos(x, b) - cos(x, a) + cos(x, c)
        3CosMul = argmax of cos(x, b) cos(x, c) / (cos(x, a) + 0.001), cosines brought to [0, 1]

    over the most frequent words but a, b and c. O. Levy and Y. Goldberg, Linguistic Regularities in Sparse and Explicit
    Word Representations, CoNLL 2014, equations 3 and 4. Words are the same in any case.

    Args:
        questions: The questions.
        lookup: Finds vectors.
        most: Answers are looked for among so many of the most frequent words.
    """
    places = [[lookup.place(word) for word in question[1:]] for question in questions]
    known = [number for number, some in enumerate(places) if all(place is not None and place < most for place in some)]
    numbers = np.array(known, dtype=np.int64)
    words = np.array([places[number] for number in known], dtype=np.int64).reshape(-1, 4)
    table = lookup.unit[:most]
    right = np.zeros((2, len(words)), dtype=bool)
    for start in range(0, len(words), _AT_ONCE):
        some = words[start : start + _AT_ONCE]
        asked, at = np.unique(some[:, :3], return_inverse=True)
        cosines = table[asked] @ table.T
        for part in range(0, len(some), _SCORED):
            a, b, c = (cosines[at.reshape(-1, 3)[part : part + _SCORED, side]] for side in range(3))
            for way, scores in enumerate((b - a + c, ((1 + b) * (1 + c)) / ((1 + a) + 2 * _SMALL))):
                scores.scatter_(1, torch.from_numpy(some[part : part + _SCORED, :3]), -np.inf)
                found = scores.argmax(1).numpy()
                right[way, start + part : start + part + _SCORED] = found == some[part : part + _SCORED, 3]
    return Answered(numbers, right[0], right[1])
