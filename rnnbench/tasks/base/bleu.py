"""Corpus BLEU by sacreBLEU, in the words or characters that a language is scored by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_NO_SPACES = ("ja", "th", "lo", "km", "my")
_CHINESE = ("zh", "zho", "cmn", "chinese")


def code_of(language: str) -> str:
    """A language without its country: ``zh`` of ``zh_CN``."""
    return language.lower().replace("_", "-").partition("-")[0]


def is_chinese(language: str) -> bool:
    """Whether a text of this language is cut into characters as sacreBLEU's ``zh`` does."""
    return code_of(language) in _CHINESE


def bleu_metric(language: str, lowercase: bool = False, warns: bool = True) -> Any:
    """SacreBLEU's BLEU for texts of a language; Chinese is scored by characters.

    Args:
        language: Language of the references.
        lowercase: Whether case is ignored.
        warns: Whether it says so where texts look as if words had been parted already.
    """
    from sacrebleu.metrics import BLEU

    tokenizer = "zh" if is_chinese(language) else "char" if code_of(language) in _NO_SPACES else None
    return BLEU(lowercase=lowercase, tokenize=tokenizer, force=not warns)


def signature_of(metric: Any) -> str:
    """How a metric is computed, in sacreBLEU's own words."""
    # The number of references is known once something was scored.
    metric.corpus_score([""], [[""]])
    return str(metric.get_signature())


def bleu_counts(hypotheses: Sequence[str], references: Sequence[str], language: str, lowercase: bool = False) -> Tensor:
    """What each text contributes to corpus BLEU (`rnnbench.tasks.base.ItemSums`).

    Args:
        hypotheses: N texts.
        references: Their references as they are in the data.
        language: Language of the references.
        lowercase: Whether case is ignored.

    Returns:
        ``(N, 10)`` float64.
    """
    metric = bleu_metric(language, lowercase)
    counts = metric._extract_corpus_statistics(single_spaced(hypotheses), [single_spaced(references)])
    return torch.tensor(counts, dtype=torch.float64)


def single_spaced(texts: Sequence[str]) -> list[str]:
    """Texts with single spaces."""
    return [" ".join(text.split()) for text in texts]
