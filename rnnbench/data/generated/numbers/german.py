"""German: ``einundzwanzigtausenddreihundertfünf``, units before tens."""

from __future__ import annotations

from rnnbench.data.generated.numbers.word import NOTHING, Word, digit, filled, first_after, saying, ten, tens

_SMALL = (
    "null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
)  # fmt: skip
_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")
_BEFORE_TEN = {6: "sech", 7: "sieb"}
_LARGE = ((9, "Milliarde", "Milliarden"), (6, "Million", "Millionen"))
_ORDINAL_STEMS = {"eins": "ers", "drei": "drit", "sieben": "sieb", "acht": "ach"}
_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember",
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
    for place, one, many in _LARGE:
        group = value // 10**place % 1000
        if group:
            words += [Word("eine", digit(of, place))] if group == 1 else first_after(" ", _below(group, place, of))
            name = one if group == 1 else many
            words.append(Word(name, tens(of, filled(value, range(place, place + 3)), 1, place)))
    thousands = value // 1000 % 1000
    small: list[Word] = []
    if thousands:
        small = [Word("ein", digit(of, 3))] if thousands == 1 else _below(thousands, 3, of)
        small.append(Word("tausend", tens(of, filled(value, (3, 4, 5)), 1, 3), ""))
    if value % 1000:
        small += _below(value % 1000, 0, of)
    return words + (first_after(" ", small) if small else [])


def date(year: int, month: int, day: int) -> list[Word]:
    """``der einundzwanzigste März neunzehnhundertvierundachtzig``.

    Args:
        year: Year from 1100 to 2099.
        month: Month, from 1.
        day: Day, from 1.
    """
    said = first_after(" ", _below(day, 0, "day"))
    last = said[-1]
    said[-1] = last._replace(text=_ORDINAL_STEMS.get(last.text, last.text))
    said.append(Word("te" if day < 20 else "ste", frozenset(["day"]), ""))
    month_name = Word(_MONTHS[month - 1], frozenset(["month"]))
    return [Word("der", NOTHING), *said, month_name, *_year(year)]


def time(hour: int, minute: int) -> list[Word]:
    """``zwanzig nach drei``, ``halb vier``.

    Args:
        hour: Hour from 1 to 12.
        minute: Minute from 0.
    """
    if minute == 0:
        hour_said = [Word("ein", NOTHING)] if hour == 1 else number(hour)
        return [*saying("hour", hour_said), Word("Uhr", frozenset(["clock"]))]
    named = saying("hour", number(hour % 12 + 1 if minute >= 30 else hour))
    if minute == 30:
        return [Word("halb", frozenset(["minute"])), *named]
    late = minute > 30
    side = Word("vor" if late else "nach", frozenset(["side"]))
    said = 60 - minute if late else minute
    if minute in (15, 45):
        minutes = [Word("Viertel", frozenset(["minute"]))]
    elif said == 1:
        minutes = [Word("eine", digit("minute", 0)), Word("Minute", frozenset(["minute unit"]))]
    else:
        minutes = _below(said, 0, "minute")
        if said % 5:
            minutes.append(Word("Minuten", frozenset(["minute unit"])))
    return [*minutes, side, *named]


def _year(year: int) -> list[Word]:
    century, rest = divmod(year, 100)
    if century >= 20:
        return number(year, "year")
    words = first_after(" ", _below(century, 2, "year"))
    words.append(Word("hundert", tens("year", filled(year, (2, 3)), 1, 2), ""))
    return words + (_below(rest, 0, "year") if rest else [])


def _below(value: int, place: int, of: str) -> list[Word]:
    """A number below 1000, with no gaps; ``eins`` at its end."""
    hundreds, rest = divmod(value, 100)
    words = []
    if hundreds:
        words = [
            Word(_SMALL[hundreds], digit(of, place + 2), ""),
            Word("hundert", tens(of, (place + 2,), place + 1, place + 2), ""),
        ]
    units = rest % 10
    tens_said = digit(of, place + 1) | ten(of, place + 1)
    unit_said = digit(of, place)
    if rest == 1:
        words.append(Word("eins", unit_said, ""))
    elif 0 < rest < 13:
        said = (unit_said if units else NOTHING) | (tens_said if rest >= 10 else NOTHING)
        words.append(Word(_SMALL[rest], said, ""))
    elif 13 <= rest < 20:
        words += [Word(_BEFORE_TEN.get(units, _SMALL[units]), unit_said, ""), Word(_SMALL[10], tens_said, "")]
    elif rest:
        if units:
            words += [Word(_SMALL[units], unit_said, ""), Word("und", NOTHING, "")]
        words.append(Word(_TENS[rest // 10], tens_said, ""))
    return words
