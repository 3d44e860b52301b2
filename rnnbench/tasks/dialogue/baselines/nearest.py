"""The reply that was given to the most similar question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from rnnbench.data.batches.batch import PairBatch
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.decode.sample import Sampling
from rnnbench.tasks.base import CountingModel, ItemSums
from rnnbench.tasks.dialogue.data import DialogueData, encode_context
from rnnbench.tasks.dialogue.model import ReplyTask
from rnnbench.tasks.dialogue.turns import Context


class NearestQuestion(CountingModel[DialogueData], ReplyTask):
    """Replies with what was replied in training to the most similar context, by TF-IDF.

        w(t, d) = (1 + log n(t, d)) (log((1 + N) / (1 + N(t))) + 1),   similarity = cosine

    for n(t, d) occurrences of token t in context d, N contexts of training, N(t) of them with t, as scikit-learn's
    TfidfVectorizer does with ``sublinear_tf``. Of equally similar contexts the first one counts; one that shares no
    token with any is given the first reply of training. `DialogueData.turns` says how much of a context is read;
    unknown tokens count for nothing.
    """

    tables = ("tokens", "weights", "sizes", "idf", "letters", "reply_sizes")
    tokens: Tensor
    """Tokens of all contexts of training, each once for each context ``(M,)``."""
    weights: Tensor
    """Their weights ``(M,)`` float64; those of a context have a norm of 1."""
    sizes: Tensor
    """Different tokens of each context ``(N,)``."""
    idf: Tensor
    """``(V,)`` float64."""
    letters: Tensor
    """All replies in UTF-8 ``(L,)`` uint8."""
    reply_sizes: Tensor
    """Bytes of each ``(N,)``."""

    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters()

    def count_split(self) -> Mapping[str, Tensor]:
        """See `CountingModel.count_split`."""
        pairs = self.data.splits["train"]
        bags = [_counted(source) for source in pairs.sources]
        found = torch.cat([tokens for tokens, _ in bags]).bincount(minlength=len(self.words)).double()
        idf = ((1 + len(bags)) / (1 + found)).log() + 1
        replies = [pair.target.encode("utf-8") for pair in self.data.pairs("train")]
        return {
            "tokens": torch.cat([tokens for tokens, _ in bags]),
            "weights": torch.cat([_weighed(*bag, idf) for bag in bags]),
            "sizes": torch.tensor([len(tokens) for tokens, _ in bags]),
            "idf": idf,
            "letters": torch.tensor(list(b"".join(replies)), dtype=torch.uint8),
            "reply_sizes": torch.tensor([len(reply) for reply in replies]),
        }

    def evaluate(self, batch: PairBatch) -> None:
        """See `Task.evaluate`."""
        sources = zip(batch.source.cpu(), batch.source_lengths.tolist(), strict=True)
        replies = [self._reply(source[:length]) for source, length in sources]
        nothing = torch.zeros(len(batch.ids))
        self.corpus.update(batch.ids, nothing, nothing, replies)

    def test_items(self) -> ItemSums | None:
        """See `Task.test_items`: the counts of BLEU."""
        return self.bleu_items()

    def reply(self, context: Context, sampling: Sampling) -> Iterator[str]:
        """See `ReplyTask.reply`; nothing is drawn."""
        yield self._reply(encode_context(self.words, context, self.turns))

    def similarities(self, source: Tensor) -> Tensor:
        """How similar the contexts of training are ``(N,)`` float64.

        Args:
            source: Ids of a context ``(S,)``.
        """
        tokens, counts = _counted(source)
        query = self.idf.new_zeros(len(self.idf)).cpu()
        query[tokens] = _weighed(tokens, counts, self.idf.cpu())
        owner = torch.arange(len(self.sizes)).repeat_interleave(self.sizes.cpu())
        shared = self.weights.cpu() * query[self.tokens.cpu()]
        return shared.new_zeros(len(self.sizes)).index_add(0, owner, shared)

    def num_parameters(self) -> int:
        """Number of replies kept."""
        return len(self.reply_sizes)

    def model_name(self) -> str:
        """The name."""
        return "nearest question by TF-IDF"

    def _reply(self, source: Tensor) -> str:
        if not len(self.sizes):
            # The check before the training.
            return ""
        best = int(self.similarities(source).argmax())
        end = int(self.reply_sizes[: best + 1].sum())
        return bytes(self.letters[end - int(self.reply_sizes[best]) : end].tolist()).decode("utf-8")


def _counted(source: Tensor) -> tuple[Tensor, Tensor]:
    """The different tokens of a context, marks and unknown ones left out, and how often each occurs."""
    return torch.unique(source[source >= len(SPECIALS)], return_counts=True)


def _weighed(tokens: Tensor, counts: Tensor, idf: Tensor) -> Tensor:
    weights = (1 + counts.double().log()) * idf[tokens]
    return weights / weights.norm().clamp(min=torch.finfo(torch.float64).tiny)
