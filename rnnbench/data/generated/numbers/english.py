"""English: ``twenty-one thousand, three hundred and five``."""

from __future__ import annotations

from rnnbench.data.generated.numbers.word import NOTHING, Word, digit, filled, first_after, saying, ten, tens

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GROUPS = ((9, "billion"), (6, "million"), (3, "thousand"), (0, ""))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth", "twenty": "twentieth", "thirty": "thirtieth",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_AND = Word("and", NOTHING)


def number(value: int, of: str = "number") -> list[Word]:
    """A number below 10^12 in words.

    Args:
        value: The number.
        of: What it counts, for the meanings.
    """
    if value == 0:
        return [Word(_SMALL[0], digit(of, 0))]
    words: list[Word] = []
    for place, name in _GROUPS:
        group = value // 10**place % 1000
        if not group:
            continue
        if place == 0 and group < 100 and words:
            words += [_AND, *_below_hundred(group, 0, of)]
        else:
            words += first_after(", ", _below_thousand(group, place, of))
        if name:
            words.append(Word(name, tens(of, filled(value, range(place, place + 3)), 1, place)))
    return first_after(" ", words)


def date(year: int, month: int, day: int) -> list[Word]:
    """``the twenty-first of March nineteen eighty-four``.

    Args:
        year: Year from 1100 to 2099.
        month: Month, from 1.
        day: Day, from 1.
    """
    *before, last = _below_hundred(day, 0, "day")
    ordinal = _ORDINALS.get(last.text, f"{last.text}th")
    said = [*before, Word(ordinal, last.meanings | {"day"}, last.gap)]
    month_name = Word(_MONTHS[month - 1], frozenset(["month"]))
    return [Word("the", NOTHING), *said, Word("of", NOTHING), month_name, *_year(year)]


def time(hour: int, minute: int) -> list[Word]:
    """``twenty past three``, ``quarter to four``.

    Args:
        hour: Hour from 1 to 12.
        minute: Minute from 0.
    """
    if minute == 0:
        return [*saying("hour", number(hour)), Word("o'clock", frozenset(["clock"]))]
    late = minute > 30
    side = Word("to" if late else "past", frozenset(["side"]))
    said = 60 - minute if late else minute
    if minute in (15, 30, 45):
        minutes = [Word("half" if minute == 30 else "quarter", frozenset(["minute"]))]
    else:
        minutes = _below_hundred(said, 0, "minute")
        if said % 5:
            minutes.append(Word("minute" if said == 1 else "minutes", frozenset(["minute unit"])))
    return [*minutes, side, *saying("hour", number(hour % 12 + 1 if late else hour))]


def _year(year: int) -> list[Word]:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return number(year, "year")
    said = _below_hundred(century, 2, "year")
    if rest == 0:
        return [*said, Word("hundred", tens("year", filled(year, (2, 3)), 1, 2))]
    if rest < 10:
        said.append(Word("oh", digit("year", 1)))
        return [*said, *first_after("-", _below_hundred(rest, 0, "year"))]
    return [*said, *_below_hundred(rest, 0, "year")]


def _below_thousand(value: int, place: int, of: str) -> list[Word]:
    hundreds, rest = divmod(value, 100)
    words = []
    if hundreds:
        words = [
            Word(_SMALL[hundreds], digit(of, place + 2)),
            Word("hundred", tens(of, (place + 2,), place + 1, place + 2)),
        ]
        if rest:
            words.append(_AND)
    return words + (_below_hundred(rest, place, of) if rest else [])


def _below_hundred(value: int, place: int, of: str) -> list[Word]:
    units = value % 10
    tens_said = digit(of, place + 1) | ten(of, place + 1)
    if value < 20:
        said = (digit(of, place) if units else NOTHING) | (tens_said if value >= 10 else NOTHING)
        return [Word(_SMALL[value], said)]
    words = [Word(_TENS[value // 10], tens_said)]
    return [*words, Word(_SMALL[units], digit(of, place), "-")] if units else words
