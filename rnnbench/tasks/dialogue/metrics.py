"""How likely, how varied and how near to what was said replies are.

J. Li et al., A Diversity-Promoting Objective Function for Neural Conversation Models, NAACL 2016 (distinct-1 and 2);
C.-W. Liu et al., How NOT To Evaluate Your Dialogue System, EMNLP 2016 (embedding average, and how little it and BLEU
tell of what people think of a reply).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from rnnbench.data.text.reversible import JOINED, reversible_words
from rnnbench.data.text.vectors import Vectors
from rnnbench.embeddings.counted import count_pairs, mutual_information
from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.windows import Reading, subsampling
from rnnbench.tasks.base import ItemTexts, exact
from rnnbench.tasks.base.bleu import bleu_metric, is_chinese, single_spaced
from rnnbench.tasks.base.texts import distinct

_WINDOW = 5


class CorpusReplies(ItemTexts):
    """Of every exchange: the negative log-likelihood of the reply that was given, its tokens, and the one written."""

    def update(self, ids: Tensor, nats: Tensor, tokens: Tensor, replies: Sequence[str]) -> None:  # type: ignore[override]
        """Enters some exchanges.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks an exchange that counts for nothing.
            nats: Negative log-likelihood of their replies ``(B,)``, end marks included; of a model that knows none, 0.
            tokens: Number of tokens of their replies ``(B,)``, end marks included; of a model that knows none, 0.
            replies: B replies that were written.
        """
        super().update(ids, torch.stack([exact(nats), exact(tokens)], 1), replies)

    def contributions(self, values: Tensor) -> tuple[str, Tensor]:
        """Nats, of tokens."""
        return "nats_per_token", values[:, :2]


class ReplyScorer:
    """Compares replies with those that were given, whatever a token of the model is, and ignoring case.

    Chinese is cut into characters, other languages into words and punctuation. The vector of a word is its positive
    pointwise mutual information with every word in the training split, unless other vectors are taken.

    Args:
        language: Language of the replies.
        texts: Texts of the training split.
    """

    def __init__(self, language: str, texts: Sequence[str]) -> None:
        self.language = language
        self._texts = texts
        self._known = {" ".join(self.words(text)) for text in texts}
        self._vectors: tuple[dict[str, int], NDArray[Any] | csr_array] | None = None
        self.vectors_name = "ppmi"

    def words(self, text: str) -> list[str]:
        """The words of a text."""
        text = text.lower()
        if is_chinese(self.language):
            return [character for character in text if not character.isspace()]
        return [word.removeprefix(JOINED) if len(word) > 1 else word for word in reversible_words(text)]

    def words_of(self, texts: Iterable[str]) -> list[str]:
        """All words of some texts, each once."""
        return list(dict.fromkeys(word for text in texts for word in self.words(text)))

    def take(self, vectors: Vectors) -> None:
        """Compares by these vectors from now on."""
        found = vectors.found.tolist()
        values = vectors.values.double().numpy()
        self._vectors = {word: i for i, word in enumerate(vectors.tokens) if found[i]}, values
        self.vectors_name = vectors.name.rpartition("/")[2]

    def scores(self, replies: Sequence[str], given: Sequence[str]) -> dict[str, float]:
        """What is measured of replies.

        Args:
            replies: N replies.
            given: Those that were given.

        Returns:
            ``bleu`` from 0 to 100; ``distinct_1`` and ``distinct_2``, the share of different words and pairs of words
            among all; ``embedding_average``, the mean cosine of a reply's mean vector with that of the one given, 0
            where no word of one of them has a vector; ``novel``, the share of replies that nobody says in training;
            ``reply_length`` in words.
        """
        words = [self.words(text) for text in replies]
        bleu = bleu_metric(self.language, True, warns=False)
        found = {"bleu": float(bleu.corpus_score(single_spaced(replies), [single_spaced(given)]).score)}
        found |= {f"distinct_{n}": distinct(words, n) for n in (1, 2)}
        near = [self.similarity(one, self.words(other)) for one, other in zip(words, given, strict=True)]
        found["embedding_average"] = math.fsum(near) / len(near)
        found["novel"] = sum(" ".join(one) not in self._known for one in words) / len(words)
        found["reply_length"] = sum(map(len, words)) / len(words)
        return found

    def similarity(self, words: Sequence[str], others: Sequence[str]) -> float:
        """Cosine of the mean vectors of two texts."""
        if self._vectors is None:
            self._vectors = self._count()
        rows, values = self._vectors
        known = [[rows[word] for word in text if word in rows] for text in (words, others)]
        if not all(known):
            return 0.0
        one, other = (np.asarray(values[some].mean(0)).ravel() for some in known)
        size = math.sqrt(float(one @ one) * float(other @ other))
        return float(one @ other) / size if size else 0.0

    def _count(self) -> tuple[dict[str, int], csr_array]:
        """Rows of the words of the training split in a matrix of their vectors."""
        names = self.words_of(self._texts)
        numbers = {word: number for number, word in enumerate(names)}
        end = len(names)
        stream = [number for text in self._texts for number in (*(numbers[word] for word in self.words(text)), end)]
        tokens = np.array(stream, dtype=np.int64)
        keep = subsampling(np.bincount(tokens, minlength=end + 1).tolist(), 0)
        together = count_pairs(tokens, end + 1, Reading(_WINDOW, keep, end, -1), Draws.of(1, 0))
        return numbers, mutual_information(together) if together.nnz else together
