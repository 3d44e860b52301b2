"""Chinese: ``二万一千三百零五``, in groups of ten thousand, with 零 for a gap between digits."""

from __future__ import annotations

from rnnbench.data.generated.numbers.word import NOTHING, Word, digit, filled, saying, ten, tens

_DIGITS = "零一二三四五六七八九"
_GROUPS = ((8, "亿"), (4, "万"), (0, ""))
_PLACES = ("", "十", "百", "千")


def number(value: int, of: str = "number") -> list[Word]:
    """A number below 10^12 in words; two is always 二.

    Args:
        value: The number.
        of: What it counts, for the meanings.
    """
    if value == 0:
        return [_word(_DIGITS[0], digit(of, 0))]
    words: list[Word] = []
    skipped = False
    for group_place, name in _GROUPS:
        if not filled(value, range(group_place, group_place + 4)):
            skipped = True
            continue
        for place in range(group_place + 3, group_place - 1, -1):
            figure = value // 10**place % 10
            if not figure:
                skipped = True
                continue
            if words and skipped:
                words.append(_word(_DIGITS[0], NOTHING))
            skipped = False
            power = tens(of, (place,), group_place + 1, place)
            # Ten alone, not one ten, where the number begins with it.
            if figure == 1 and place == group_place + 1 and not words:
                words.append(_word(_PLACES[1], digit(of, place) | power))
                continue
            words.append(_word(_DIGITS[figure], digit(of, place)))
            if place > group_place:
                words.append(_word(_PLACES[place - group_place], power))
        if name:
            words.append(_word(name, tens(of, filled(value, range(group_place, group_place + 4)), 1, group_place)))
        # A group may end with zeros that nobody says: 一百万一千.
        skipped = False
    return words


def date(year: int, month: int, day: int) -> list[Word]:
    """``一九八四年三月二十一日``.

    Args:
        year: Year from 1100 to 2099.
        month: Month, from 1.
        day: Day, from 1.
    """
    figures = [_word(_DIGITS[year // 10**place % 10], digit("year", place)) for place in (3, 2, 1, 0)]
    return [
        *figures,
        _word("年", NOTHING),
        *saying("month", number(month)),
        _word("月", frozenset(["month"])),
        *number(day, "day"),
        _word("日", frozenset(["day"])),
    ]


def time(hour: int, minute: int) -> list[Word]:
    """``三点二十分``, ``三点半``.

    Args:
        hour: Hour from 1 to 12.
        minute: Minute from 0.
    """
    # Before what is counted, two is another word.
    said = saying("hour", [_word("两", NOTHING)] if hour == 2 else number(hour))
    said.append(_word("点", frozenset(["clock"])))
    whole = frozenset(["minute"])
    if minute == 30:
        return [*said, _word("半", whole)]
    if minute in (15, 45):
        return [*said, _word("一" if minute == 15 else "三", whole), _word("刻", whole)]
    if minute == 0:
        return said
    if minute < 10:
        said.append(_word(_DIGITS[0], NOTHING))
    minutes = number(minute, "minute")
    if minute > 30:
        # Where others count back from the next hour, no digit of the one is a digit of the other.
        every = digit("minute", 0) | digit("minute", 1) | ten("minute", 1)
        minutes = [word._replace(meanings=every) for word in minutes]
    return [*said, *minutes, _word("分", frozenset(["minute unit"]))]


def _word(text: str, meanings: frozenset[str]) -> Word:
    return Word(text, meanings, "")
