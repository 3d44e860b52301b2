"""Word and character error rates of a whole split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class Errors(NamedTuple):
    """What it takes to make the wanted text of the found one."""

    substitutions: int
    """Words, or characters, that are others."""
    deletions: int
    """Those that are missing."""
    insertions: int
    """Those that are too many."""
    wanted: int
    """Those that were said."""

    @property
    def total(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions


class FoundTexts(Metric):
    """The text that was recognised in each recording, gathered from all processes."""

    full_state_update = False
    ids: list[Tensor]
    sizes: list[Tensor]
    characters: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("ids", "sizes", "characters"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, texts: Sequence[str]) -> None:
        """Enters some recordings.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a recording that counts for nothing.
            texts: What was recognised.
        """
        # As code points, because processes exchange tensors; one more, so that no process has nothing to give.
        self.ids.append(ids)
        self.sizes.append(torch.tensor([len(text) for text in texts], device=ids.device))
        self.characters.append(torch.tensor([0, *map(ord, "".join(texts))], device=ids.device))

    def compute(self) -> dict[int, str]:
        """The texts by their numbers, in this order.

        Raises:
            RuntimeError: A recording was entered twice.
        """
        sizes = dim_zero_cat(self.sizes).tolist()
        characters = [chr(code) for code in dim_zero_cat(self.characters).tolist() if code]
        found: dict[int, str] = {}
        start = 0
        for number, size in zip(dim_zero_cat(self.ids).tolist(), sizes, strict=True):
            if number in found:
                raise RuntimeError("a recording was entered twice")
            if number >= 0:
                found[number] = "".join(characters[start : start + size])
            start += size
        return dict(sorted(found.items()))


def word_errors(wanted: str, found: str) -> Errors:
    """Fewest errors between words parted by white space.

    Args:
        wanted: What was said.
        found: What was recognised.
    """
    import jiwer

    return _errors(jiwer.process_words(wanted, found))


def character_errors(wanted: str, found: str) -> Errors:
    """Fewest errors between characters, spaces between words included.

    Args:
        wanted: What was said.
        found: What was recognised.
    """
    import jiwer

    return _errors(jiwer.process_characters(wanted, found))


def corpus_metrics(words: Sequence[Errors], characters: Sequence[Errors]) -> dict[str, float]:
    """What recognisers report.

        WER = (S + D + I) / N

    with the errors and the words of all recordings summed up first; CER is the same of characters.

    Args:
        words: Errors between the words of each recording.
        characters: Errors between its characters.

    Returns:
        ``word_error_rate``, ``character_error_rate``, and ``accuracy``, the share of recordings without an error.
    """
    of_words, of_characters = _sum(words), _sum(characters)
    return {
        "word_error_rate": of_words.total / max(of_words.wanted, 1),
        "character_error_rate": of_characters.total / max(of_characters.wanted, 1),
        "accuracy": sum(1 for one in words if not one.total) / len(words),
    }


def kinds_of_errors(words: Sequence[Errors]) -> dict[str, float]:
    """How many errors of each kind there are.

    Args:
        words: Errors between the words of each recording.

    Returns:
        ``word_substitutions``, ``word_deletions``, ``word_insertions``.
    """
    errors = _sum(words)
    return {f"word_{kind}": float(getattr(errors, kind)) for kind in ("substitutions", "deletions", "insertions")}


def worst_first(rows: Sequence[tuple[str, str, str]], errors: Sequence[Errors]) -> str:
    """A table of all recordings, parted by tabs, the one with the most wrong words first.

    Args:
        rows: Of each recording: where it stands, what was said, what was recognised.
        errors: Errors between the words of each.
    """
    lines = ["errors\twords\tsubstitutions\tdeletions\tinsertions\tsaid\trecognised\trecording"]
    for number in sorted(range(len(rows)), key=lambda i: -errors[i].total):
        one, (place, said, recognised) = errors[number], rows[number]
        counts = (one.total, one.wanted, one.substitutions, one.deletions, one.insertions)
        lines.append("\t".join([*map(str, counts), said, recognised, place.replace("\t", " ")]))
    return "\n".join(lines) + "\n"


def _sum(errors: Sequence[Errors]) -> Errors:
    return Errors(*map(sum, zip(*errors, strict=True)))


def _errors(alignment: object) -> Errors:
    substitutions, deletions, insertions, hits = (
        getattr(alignment, name) for name in ("substitutions", "deletions", "insertions", "hits")
    )
    return Errors(substitutions, deletions, insertions, substitutions + deletions + hits)
