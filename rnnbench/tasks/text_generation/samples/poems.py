"""Regulated Chinese poems: their form, rhymes and tones, by the pronunciation of today."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.samples.base import Samples, share
from rnnbench.tasks.text_generation.verse import FORMS

# The fourteen rhymes of today's Mandarin (中华新韵, 2005); i after zh, ch, sh, r, z, c and s is one of its own.
_RHYMES = (
    "a ia ua", "o e uo", "ie ve", "ai uai", "ei uei ui", "ao iao", "ou iou iu", "an ian uan van", "en in uen un vn",
    "ang iang uang", "eng ing ueng ong iong", "i er v", "u",
)  # fmt: skip
_RHYME_OF = {final: number for number, finals in enumerate(_RHYMES) for final in finals.split()}
_BUZZED = len(_RHYMES)
_BEFORE_BUZZED = ("zh", "ch", "sh", "r", "z", "c", "s")
_LEVEL = ("1", "2")


class Poems(Samples):
    """Chinese poems.

    - ``in_form``: the share of poems of four or eight lines, all of five or all of seven characters.
    - ``rhymed``: of those in form, the share of neighbouring even lines (2 and 4, 4 and 6, ...) whose ends rhyme.
    - ``tone_violations``: of those in form, the share of rules that are broken: tones of the second, fourth and sixth
      character of a line take turns, level and oblique; those of the two lines of a couplet are opposite in the second
      and fourth character; the second character of a couplet has the tone of that in the line before it.

    Rhymes and tones are those of Mandarin today, by pypinyin; of several readings the one that fits counts. Poets of
    the Tang had others, and wrote old-style verse, too: of their own poems in the test split 0.85 of the ends rhyme
    and 0.07 of the rules are broken; with their characters shuffled 0.13 and 0.26.

    Args:
        count: Number of texts.
        length: Most tokens of a text; a poem and the one before it, which is left out, have twice as many.
        temperature: How they are written, see ``predict``.
        seed: Seed of the first text; the others have those after it.
    """

    line_ends: ClassVar[str] = r"[，。！？；：、,.!?;:\s]"
    ends: ClassVar[str | None] = "\n\n"
    shortest: ClassVar[int] = 5

    def __init__(self, count: int = 100, length: int = 80, temperature: float = 0.8, seed: int = 1) -> None:
        super().__init__(count, length, temperature, seed)

    def judge(self, texts: Sequence[str]) -> dict[str, float]:
        """See `Samples.judge`."""
        poems = [self.lines(text) for text in texts]
        forms = set(FORMS.values())
        kept = [lines for lines in poems if len({*map(len, lines)}) == 1 and (len(lines), len(lines[0])) in forms]
        return {
            "in_form": len(kept) / len(poems),
            "rhymed": share(one for lines in kept for one in rhymes(lines)),
            "tone_violations": share(not one for lines in kept for one in tones_kept(lines)),
        }


def rhymes(lines: Sequence[str]) -> Iterator[bool]:
    """Whether the ends of neighbouring even lines rhyme.

    Args:
        lines: The lines of a poem.
    """
    ends = [_readings(line[-1]) for line in lines[1::2]]
    for one, two in itertools.pairwise(ends):
        yield bool({rhyme for rhyme, _ in one} & {rhyme for rhyme, _ in two})


def tones_kept(lines: Sequence[str]) -> Iterator[bool]:
    """Whether each rule of tones is kept; what is read both ways, or what nobody can read, breaks none.

    Args:
        lines: The lines of a poem, of five or of seven characters.
    """
    tones = [[{tone for _, tone in _readings(character)} for character in line[1:6:2]] for line in lines]
    for line in tones:
        for one, two in itertools.pairwise(line):
            yield _may(one, two, equal=False)
    for upper, lower in zip(tones[::2], tones[1::2], strict=False):
        for one, two in zip(upper[:2], lower[:2], strict=True):
            yield _may(one, two, equal=False)
    for before, after in zip(tones[1::2], tones[2::2], strict=False):
        yield _may(before[0], after[0], equal=True)


def _may(one: set[bool], two: set[bool], equal: bool) -> bool:
    return not one or not two or any((a == b) == equal for a in one for b in two)


@functools.cache
def _readings(character: str) -> frozenset[tuple[int, bool]]:
    """Rhyme of a character and whether its tone is level, for each of its readings; none of what is no character."""
    try:
        from pypinyin import Style, pinyin
        from pypinyin.contrib.tone_convert import to_finals
    except ImportError:
        raise UserError(
            "rhymes and tones need the package pypinyin", where="data.samples", hint="pip install 'rnnbench[poems]'"
        ) from None
    found = set()
    for whole in [one for row in pinyin(character, Style.TONE3, heteronym=True, errors="ignore") for one in row]:
        final, tone = to_finals(whole, strict=True, v_to_u=False), whole[-1:]
        # What has no tone, such as a particle, or is rare beyond the table, fits everything.
        if final in _RHYME_OF and tone in ("1", "2", "3", "4"):
            buzzed = final == "i" and whole.startswith(_BEFORE_BUZZED)
            found.add((_BUZZED if buzzed else _RHYME_OF[final], tone in _LEVEL))
    return frozenset(found)
