"""Spans as tags of their tokens, and back: words as B/M/E/S, entities as BIO or BIOES."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from rnnbench.errors import UserError

Scheme = Literal["bmes", "bioes", "bio"]
"""Beginning, middle, end and single for words, which leave nothing out; the same with inside and outside for entities;
beginning, inside and outside."""

_PREFIXES: dict[Scheme, str] = {"bmes": "BMES", "bioes": "BIES", "bio": "BI"}
OUTSIDE = "O"


class Span(NamedTuple):
    """Neighbouring tokens that belong together."""

    start: int
    """Number of the first token."""
    end: int
    """Number of the token after the last."""
    kind: str
    """Kind of entity; empty for words."""


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of tags in any scheme, legal or not, by the rules of the conlleval script (and of seqeval).

    A span ends after E and S, before B, S and O, and where the kind changes; any tag but O outside of a span begins
    one. M is read as I.

    Args:
        tags: ``B-PER``, ``I-PER``, ``O``, or ``B``, ``M``, ``E``, ``S`` of words.
    """
    found = []
    start: int | None = None
    before, kind = OUTSIDE, ""
    for i, tag in enumerate([*tags, OUTSIDE]):
        prefix, _, name = tag.partition("-")
        if start is not None and (before in "ES" or prefix in "BSO" or name != kind):
            found.append(Span(start, i, kind))
            start = None
        if start is None and prefix != OUTSIDE:
            start = i
        before, kind = prefix, name
    return found


def tag_spans(found: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """The tags of a sequence; what no span covers is O.

    Args:
        found: Spans that do not overlap.
        length: Number of tokens.
        scheme: How spans are written.
    """
    tags = [OUTSIDE] * length
    for start, end, kind in found:
        suffix = f"-{kind}" if kind else ""
        inside = "M" if scheme == "bmes" else "I"
        for i in range(start, end):
            prefix = inside
            if i == start:
                prefix = "S" if end - start == 1 and scheme != "bio" else "B"
            elif i == end - 1 and scheme != "bio":
                prefix = "E"
            tags[i] = prefix + suffix
    return tags


def all_tags(kinds: Iterable[str], scheme: Scheme) -> list[str]:
    """Every tag of a scheme: O where there is an outside, then those of each kind, the kinds in order.

    Args:
        kinds: The kinds of entities; ``[""]`` for words.
        scheme: How spans are written.
    """
    outside = [] if scheme == "bmes" else [OUTSIDE]
    names = [f"-{kind}" if kind else "" for kind in sorted(set(kinds))]
    return [*outside, *(prefix + name for name in names for prefix in _PREFIXES[scheme])]


def check_entity_tags(tags: Iterable[str], where: Callable[[], str]) -> None:
    """Refuses what is no tag of an entity.

    Args:
        tags: Tags.
        where: Says where they stand, for the error: files are read again for it.
    """
    for tag in tags:
        prefix, dash, kind = tag.partition("-")
        if tag != OUTSIDE and (prefix not in tuple("BIMES") or not dash or not kind):
            raise UserError(
                f"{tag!r} is no tag of an entity",
                where=where(),
                hint="O, or B-, I-, M-, E- or S- and the kind: B-PER; for tags of another sort --data.task tags",
            )
