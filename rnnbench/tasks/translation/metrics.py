"""Corpus BLEU, chrF and TER by sacreBLEU, perplexity, exact sentences, and how right the attention is.

K. Papineni et al., BLEU, a method for automatic evaluation of machine translation, ACL 2002; M. Popović, chrF, a
character n-gram F-score for automatic MT evaluation, WMT 2015; M. Snover et al., A study of translation edit rate with
targeted human annotation, AMTA 2006; M. Post, A call for clarity in reporting BLEU scores, WMT 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnbench.tasks.base import Items, ItemTexts, exact
from rnnbench.tasks.base.bleu import bleu_metric, is_chinese, signature_of, single_spaced
from rnnbench.tasks.base.texts import perplexity
from rnnbench.tasks.translation.pairs import Pair

# Unicode has so many characters: what it costs to draw one of them blindly.
_NATS_OF_A_CHARACTER = math.log(0x110000 - 0x800)


class CorpusTranslations(ItemTexts):
    """Of every pair: the negative log-likelihood of the reference, the hypothesis, and how many words were aligned."""

    def update(  # type: ignore[override]
        self, ids: Tensor, nats: Tensor, tokens: Tensor, hypotheses: Sequence[str], aligned: Tensor | None = None
    ) -> None:
        """Enters some pairs.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a pair that counts for nothing.
            nats: Negative log-likelihood of their references ``(B,)``, end marks included.
            tokens: Number of tokens of their references ``(B,)``, end marks included.
            hypotheses: B translations, put together again.
            aligned: What `count_aligned` gives ``(B, 6)``; None where no alignment is known or the model has none.
        """
        aligned = nats.new_zeros(len(ids), 6) if aligned is None else aligned
        columns = torch.stack([exact(nats), exact(tokens)], 1)
        super().update(ids, torch.cat([columns, aligned.to(columns)], 1), hypotheses)


def count_aligned(weights: Tensor, source_lengths: Tensor, pairs: Sequence[Pair | None]) -> Tensor:
    """How often attention looks at a word that says the same.

    A word of the reference counts if the true alignment surely links it to any source word. It is right if the source
    word with the largest weight is one of those, when the model predicts it after the reference's words before it. End
    marks on both sides are left out, and of equal weights the first one is the largest.

    For the alignment error rate a word is linked to the place of the largest weight, and to none if that is the end
    mark of the source.

    Args:
        weights: ``(B, T, S)``, of the step that predicts each token of the reference over all source tokens.
        source_lengths: ``(B,)`` int64, end marks included.
        pairs: The pairs, whose words are their tokens where an alignment is known; None counts nothing.

    Returns:
        ``(B, 6)`` float64: words that are right, words that count; of the links A of the model, the sure ones S and the
        possible ones P with them: those of A in S, those of A in P, their number, and that of S.
    """
    counts = torch.zeros(len(pairs), 6, dtype=torch.float64)
    for row, (pair, length) in enumerate(zip(pairs, source_lengths.tolist(), strict=True)):
        if pair is None or not pair.alignment or length < 2:
            continue
        sure, possible = pair.alignment, pair.possible or pair.alignment
        seen = weights[row, : len(sure), :length]
        best = seen[:, :-1].argmax(1).tolist()
        right = [place in links for place, links in zip(best, sure, strict=True) if links]
        linked = (seen.max(1).values <= seen[:, :-1].max(1).values).tolist()
        made = [(place, j) for j, place in enumerate(best) if linked[j]]
        found = [sum(place in links[j] for place, j in made) for links in (sure, possible)]
        counts[row] = torch.tensor([sum(right), len(right), *found, len(made), sum(map(len, sure))])
    return counts


def translation_metrics(
    items: Items, references: Sequence[str], language: str, lowercase: bool = False, unknown: Sequence[str] = ()
) -> dict[str, float]:
    """What translation models report, of a whole split at once.

    Args:
        items: What `CorpusTranslations` gives, N pairs.
        references: Their references as they are in the data.
        language: Language of the references, which decides on sacreBLEU's tokenizer.
        lowercase: Whether case is ignored.
        unknown: What stands in the references behind each ``<unk>``. A model that predicts ``<unk>`` has not said which
            word it is, so that per character the cheapest code that can write any word is charged for it: each of its
            characters, and its end, drawn from all of Unicode. Else a vocabulary would look better the less it knows.

    Returns:
        ``bleu``, ``chrf``, ``ter`` from 0 to 100 (of TER, more is worse, and it can be more); ``exact``, the share of
        sentences that are right to the letter, but for white space; ``perplexity`` per token;
        ``character_perplexity``, for which an end mark counts as one character, comparable whatever a token is; and
        ``alignment_accuracy`` and ``alignment_error_rate`` where an alignment is known. The latter is
        1 - (|A in S| + |A in P|) / (|A| + |S|) for links A of the model, sure links S and possible ones P, which
        include S (F. J. Och and H. Ney, A Systematic Comparison of Various Statistical Alignment Models, Computational
        Linguistics 29, 2003).
    """
    hypotheses, references = single_spaced(items.texts), single_spaced(references)
    found: dict[str, float] = {
        name: metric.corpus_score(hypotheses, [references]).score
        for name, metric in _metrics(language, lowercase).items()
    }
    if lowercase:
        hypotheses, references = [text.lower() for text in hypotheses], [text.lower() for text in references]
    right = sum(a == b for a, b in zip(hypotheses, references, strict=True))
    found["exact"] = right / len(references)
    nats, tokens, aligned, alignable, sure, possible, made, links = (
        math.fsum(column) for column in items.values.T.tolist()
    )
    characters = sum(len(text) + 1 for text in references)
    found["perplexity"] = perplexity(nats / tokens)
    spelled = _NATS_OF_A_CHARACTER * sum(len(word) + 1 for word in unknown)
    found["character_perplexity"] = perplexity((nats + spelled) / characters)
    if alignable:
        found["alignment_accuracy"] = aligned / alignable
        found["alignment_error_rate"] = 1 - (sure + possible) / (made + links)
    return found


def signatures(language: str, lowercase: bool = False) -> dict[str, str]:
    """How ``bleu``, ``chrf`` and ``ter`` are computed, in sacreBLEU's own words.

    Args:
        language: Language of the references.
        lowercase: Whether case is ignored.
    """
    return {name: signature_of(metric) for name, metric in _metrics(language, lowercase).items()}


def _metrics(language: str, lowercase: bool) -> dict[str, Any]:
    from sacrebleu.metrics import CHRF, TER

    chinese = is_chinese(language)
    return {
        "bleu": bleu_metric(language, lowercase),
        "chrf": CHRF(lowercase=lowercase),
        "ter": TER(case_sensitive=not lowercase, normalized=chinese, asian_support=chinese),
    }
