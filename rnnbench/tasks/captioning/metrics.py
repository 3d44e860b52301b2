"""BLEU-1 to 4 by sacreBLEU, ROUGE-L, CIDEr-D, and how varied captions are.

K. Papineni et al., BLEU, a method for automatic evaluation of machine translation, ACL 2002; C.-Y. Lin, ROUGE: a
package for automatic evaluation of summaries, 2004; R. Vedantam, C. L. Zitnick and D. Parikh, CIDEr: consensus-based
image description evaluation, CVPR 2015. All compare words (`rnnbench.tasks.captioning.captions.caption_words`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from rnnbench.tasks.base.bleu import signature_of
from rnnbench.tasks.base.texts import distinct
from rnnbench.tasks.captioning.scores.cider import cider
from rnnbench.tasks.captioning.scores.rouge import rouge_l

_ORDERS = (1, 2, 3, 4)

References = Sequence[Sequence[str]]
"""For each image its captions, words parted by spaces."""


def caption_metrics(captions: Sequence[str], references: References, trained_on: Collection[str]) -> dict[str, float]:
    """What captioning models report, of a whole split at once.

    Args:
        captions: A caption for each of N images, words parted by spaces.
        references: The captions of each image in the data, at least one.
        trained_on: The captions of the training split.

    Returns:
        ``bleu_1`` to ``bleu_4`` and ``rouge_l`` from 0 to 100, ``cider`` from 0 to 1000 (CIDEr-D times 100);
        ``distinct_1`` and ``distinct_2``, the share of different words and pairs of words among all (J. Li et al., A
        diversity-promoting objective function, NAACL 2016); and ``novel``, the share of captions that are none of the
        training split.
    """
    streams = _streams(references)
    found = {f"bleu_{n}": float(_bleu(n).corpus_score(list(captions), streams).score) for n in _ORDERS}
    found["rouge_l"] = 100 * _mean([rouge_l(*pair) for pair in zip(captions, references, strict=True)])
    found["cider"] = 100 * _mean(cider(captions, references))
    found |= {f"distinct_{n}": distinct([caption.split() for caption in captions], n) for n in (1, 2)}
    found["novel"] = _mean([float(caption not in trained_on) for caption in captions])
    return found


def bleu_counts(captions: Sequence[str], references: References) -> Tensor:
    """What each caption contributes to corpus BLEU-4 (`rnnbench.tasks.base.ItemSums`): ``(N, 10)`` float64."""
    counts = _bleu(4)._extract_corpus_statistics(list(captions), _streams(references))
    return torch.tensor(counts, dtype=torch.float64)


def bleu_signature(order: int) -> str:
    """How BLEU is computed, in sacreBLEU's own words.

    Args:
        order: Length of the longest n-grams.
    """
    # The number of references, which differs between images, stands apart.
    return signature_of(_bleu(order)).removeprefix("nrefs:1|")


def _bleu(order: int) -> Any:
    from sacrebleu.metrics import BLEU

    # Words are parted already. Without smoothing, as in the COCO evaluation.
    return BLEU(tokenize="none", max_ngram_order=order, smooth_method="none", force=True)


def _streams(references: References) -> list[list[str | None]]:
    """The first reference of every image, the second of every image that has one, and so on."""
    return [list(stream) for stream in zip_longest(*references)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
