"""Word and character error rates of a whole split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


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
