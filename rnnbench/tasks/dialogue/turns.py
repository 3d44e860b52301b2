"""Records of a source as dialogues, and dialogues as replies with what was said before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.source import Row, name_it
from rnnbench.errors import UserError

Place = Callable[[int], str]
"""Where the record of a number stands, for errors."""

_FORMS = "turns (a list), question and answer, or a turn a row: dialogue, text and perhaps speaker"


class Said(NamedTuple):
    """What somebody says at a time."""

    speaker: str
    text: str


class Turn(NamedTuple):
    """A turn as the one who replies sees it."""

    own: bool
    """Whether it was the one who replies."""
    text: str


Context = tuple[Turn, ...]
"""What was said before a reply, the last turn at the end."""


class Exchange(NamedTuple):
    """A reply with what was said before it."""

    source: Context
    target: str


def read_dialogues(records: Sequence[Row], place: Place) -> list[list[Said]]:
    """The dialogues of one split; turns of one speaker after each other are one turn.

    Args:
        records: Records with a column ``turns``: a list of texts, of two speakers in turn unless a column ``speakers``
            names them, or of objects with ``speaker`` and ``text``; or with ``question`` and ``answer``; or a turn a
            record, with ``dialogue``, ``text`` and perhaps ``speaker``, dialogues in the order of their first turns.
        place: Where a record stands.

    Raises:
        UserError: A record has none of these columns, or something else than text in them; a dialogue has one turn.
    """
    rows: dict[Any, list[int]] = {}
    for number, record in enumerate(records):
        # What has turns of its own is a dialogue of its own.
        whole = "turns" in record or "question" in record or "dialogue" not in record
        rows.setdefault((number,) if whole else str(record["dialogue"]), []).append(number)
    found = []
    for numbers in rows.values():
        said = [one for number in numbers for one in _said(records[number], number, place)]
        if len(said) < 2:
            raise UserError(
                "a dialogue of one turn: nobody replies" if said else "a dialogue without a turn",
                where=place(numbers[0]),
                hint="two turns or more; leave the record out",
            )
        if not any(one.speaker for one in said):
            said = [Said(str(turn % 2), one.text) for turn, one in enumerate(said)]
        found.append([_joined(list(turns)) for _, turns in groupby(said, key=lambda one: one.speaker)])
    return found


def exchanges(dialogue: Sequence[Said], turns: int) -> Iterator[Exchange]:
    """Every turn but the first, with the turns before it.

    Args:
        dialogue: What was said.
        turns: Most turns before a reply.
    """
    for number in range(1, len(dialogue)):
        speaker, text = dialogue[number]
        before = dialogue[max(number - turns, 0) : number]
        yield Exchange(tuple(Turn(one.speaker == speaker, one.text) for one in before), text)


def reversed_exchanges(dialogue: Sequence[Said]) -> Iterator[Exchange]:
    """Every turn but the last, as what a reply to it lets expect: the reply is what is read."""
    for said, reply in pairwise(dialogue):
        yield Exchange((Turn(False, reply.text),), said.text)


def as_context(turns: Sequence[str]) -> Context:
    """Turns of two speakers, of whom the other one had the last word."""
    return tuple(Turn((len(turns) - number) % 2 == 0, text) for number, text in enumerate(turns))


def _said(record: Row, number: int, place: Place) -> list[Said]:
    """The turns of a record, without a speaker where nobody is named."""
    if "turns" in record:
        turns = _listed(record["turns"], number, place)
        speakers = record.get("speakers")
        if speakers is None:
            return turns
        if not isinstance(speakers, (list, tuple)) or len(speakers) != len(turns):
            size = len(speakers) if isinstance(speakers, (list, tuple)) else 0
            raise UserError(f"{len(turns)} turns and {size} speakers", where=place(number), hint="one for each turn")
        return [Said(_name(speaker), one.text) for speaker, one in zip(speakers, turns, strict=True)]
    if "question" in record and "answer" in record:
        return [Said("", _text(record[name], name, number, place)) for name in ("question", "answer")]
    if "dialogue" in record and "text" in record:
        return [Said(_name(record.get("speaker")), _text(record["text"], "text", number, place))]
    raise UserError(
        f"there are no turns; the columns there: {', '.join(record) or 'none'}",
        where=place(number),
        hint=f"{_FORMS}; {name_it('turns', record)}",
    )


def _listed(turns: Any, number: int, place: Place) -> list[Said]:
    if isinstance(turns, dict) and isinstance(turns.get("text"), list):
        # A list of objects comes from the hub as an object of lists.
        speakers = turns.get("speaker") or [None] * len(turns["text"])
        turns = [{"text": text, "speaker": who} for text, who in zip(turns["text"], speakers, strict=False)]
    if not isinstance(turns, (list, tuple)):
        raise UserError(
            f"'turns' holds no list but {type(turns).__name__}", where=place(number), hint='such as ["Hi.", "Hello."]'
        )
    found = []
    for turn in turns:
        speaker, text = (turn.get("speaker"), turn.get("text")) if isinstance(turn, dict) else (None, turn)
        found.append(Said(_name(speaker), _text(text, "turns", number, place)))
    return found


def _name(speaker: Any) -> str:
    return "" if speaker is None else str(speaker)


def _text(text: Any, column: str, number: int, place: Place) -> str:
    if not isinstance(text, str):
        raise UserError(f"{column!r} holds no text but {type(text).__name__}", where=place(number))
    return " ".join(split_lines(text)).strip()


def _joined(turns: list[Said]) -> Said:
    return Said(turns[0].speaker, " ".join(one.text for one in turns))
