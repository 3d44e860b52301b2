"""ROUGE-L of one caption: C.-Y. Lin, ROUGE: a package for automatic evaluation of summaries, 2004."""

from __future__ import annotations

from collections.abc import Sequence

_BETA = 1.2


def rouge_l(caption: str, references: Sequence[str]) -> float:
    """Of the longest common subsequence of words, the F-score with beta 1.2, as the COCO evaluation has it.

        P = max_r lcs / |caption|,   R = max_r lcs / |r|,   F = (1 + beta^2) P R / (R + beta^2 P)

    The best precision and the best recall may be those of two references.

    Args:
        caption: The caption, words parted by spaces.
        references: At least one.

    Returns:
        From 0 to 1.
    """
    words = caption.split(" ")
    precision = recall = 0.0
    for reference in references:
        others = reference.split(" ")
        common = _longest_common(words, others)
        precision = max(precision, common / len(words))
        recall = max(recall, common / len(others))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest sequence of words that stands in both, not necessarily side by side."""
    before = [0] * (len(b) + 1)
    for word in a:
        row = [0]
        for place, other in enumerate(b):
            row.append(before[place] + 1 if word == other else max(row[place], before[place + 1]))
        before = row
    return before[-1]
