"""French: ``vingt et un mille trois cent quatre-vingt-quinze``, with sixty-ten and four-twenties."""

from __future__ import annotations

from rnnbench.data.generated.numbers.word import NOTHING, Word, digit, filled, saying, ten, tens

_SMALL = (
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize",
)  # fmt: skip
_TENS = ("", "dix", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante")
_LARGE = ((9, "milliard"), (6, "million"))
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


def number(value: int, of: str = "number") -> list[Word]:
    """A number below 10^12 in words.

    Args:
        value: The number.
        of: What it counts, for the meanings.
    """
    if value == 0:
        return [Word(_SMALL[0], digit(of, 0))]
    words: list[Word] = []
    for place, name in _LARGE:
        group = value // 10**place % 1000
        if group:
            words += _below(group, place, of, plural=True)
            said = tens(of, filled(value, range(place, place + 3)), 1, place)
            words.append(Word(name if group == 1 else f"{name}s", said))
    thousands = value // 1000 % 1000
    if thousands > 1:
        words += _below(thousands, 3, of, plural=False)
    if thousands:
        said = tens(of, filled(value, (3, 4, 5)), 1, 3)
        words.append(Word("mille", said | (digit(of, 3) if thousands == 1 else NOTHING)))
    if value % 1000:
        words += _below(value % 1000, 0, of, plural=True)
    return words


def date(year: int, month: int, day: int) -> list[Word]:
    """``le vingt et un mars mille neuf cent quatre-vingt-quatre``.

    Args:
        year: Year from 1100 to 2099.
        month: Month, from 1.
        day: Day, from 1.
    """
    said = [Word("premier", digit("day", 0) | {"day"})] if day == 1 else _below(day, 0, "day", plural=True)
    month_name = Word(_MONTHS[month - 1], frozenset(["month"]))
    return [Word("le", NOTHING), *said, month_name, *number(year, "year")]


def time(hour: int, minute: int) -> list[Word]:
    """``trois heures vingt``, ``quatre heures moins le quart``.

    Args:
        hour: Hour from 1 to 12.
        minute: Minute from 0.
    """
    late = minute > 30
    named = hour % 12 + 1 if late else hour
    said = saying("hour", [Word("une", NOTHING)] if named == 1 else number(named))
    said.append(Word("heure" if named == 1 else "heures", frozenset(["clock"])))
    if late:
        said.append(Word("moins", frozenset(["side"])))
    elif minute in (15, 30):
        said.append(Word("et", frozenset(["side"])))
    if minute == 30:
        return [*said, Word("demie", frozenset(["minute"]))]
    if minute in (15, 45):
        article = [Word("le", NOTHING)] if late else []
        return [*said, *article, Word("quart", frozenset(["minute"]))]
    return said + (_below(60 - minute if late else minute, 0, "minute", plural=True) if minute else [])


def _below(value: int, place: int, of: str, plural: bool) -> list[Word]:
    """A number below 1000; ``plural`` where ``cents`` and ``vingts`` take their s at the end: not before ``mille``."""
    hundreds, rest = divmod(value, 100)
    words = []
    if hundreds:
        said = tens(of, (place + 2,), place + 1, place + 2)
        if hundreds == 1:
            words = [Word("cent", said | digit(of, place + 2))]
        else:
            hundred = "cents" if plural and not rest else "cent"
            words = [Word(_SMALL[hundreds], digit(of, place + 2)), Word(hundred, said)]
    return words + (_below_hundred(rest, place, of, plural) if rest else [])


def _below_hundred(value: int, place: int, of: str, plural: bool) -> list[Word]:
    tens_said = digit(of, place + 1) | ten(of, place + 1)
    unit_said = digit(of, place)
    if value <= 16:
        said = (unit_said if value % 10 else NOTHING) | (tens_said if value >= 10 else NOTHING)
        return [Word(_SMALL[value], said)]
    if value >= 80:
        words = [Word(_SMALL[4], tens_said), Word("vingts" if plural and value == 80 else "vingt", tens_said, "-")]
        rest = value - 80
    else:
        words = [Word(_TENS[value // 10], tens_said)]
        rest = value - (60 if value >= 60 else value // 10 * 10)
    if rest == 0:
        return words
    last = _teen(rest, tens_said, unit_said) if rest >= 10 else [Word(_SMALL[rest], unit_said)]
    if rest in (1, 11) and value < 80:
        return [*words, Word("et", NOTHING), *last]
    return [*words, last[0]._replace(gap="-"), *last[1:]]


def _teen(value: int, tens_said: frozenset[str], unit_said: frozenset[str]) -> list[Word]:
    if value <= 16:
        return [Word(_SMALL[value], tens_said | (unit_said if value % 10 else NOTHING))]
    return [Word("dix", tens_said), Word(_SMALL[value - 10], unit_said, "-")]
