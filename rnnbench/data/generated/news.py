"""News sentences made by a grammar, with the names in them tagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from rnnbench.data.generated.base import Choose, Generated, check_sizes, lexicon, rare
from rnnbench.data.source import Row, Split
from rnnbench.ranges import Range

_SEED = 5

_SENTENCES = (
    "@PER of @ORG met @PER in @LOC .",
    "@ORG said on @day that profits rose .",
    "in @LOC , @ORG opened a new @thing .",
    "@PER left @LOC for @LOC on @day .",
    "shares of @ORG fell by @number percent .",
    "@PER , born in @LOC , joined @ORG in @number .",
    "the @thing of @PER was sold to @ORG .",
    "@PER beat @PER by @number to @number in @LOC .",
    "@ORG moved its @thing from @LOC to @LOC .",
    "on @day @PER told @PER about the @thing .",
    "nobody at @ORG knew who owned the @thing .",
    "the @thing was closed on @day .",
)
# Sentences that are alike for all kinds: a noun before the name, of which each kind has its own, tells.
_TOLD = (
    "the @noun @family was in the news on @day .",
    "nobody had heard of the @noun @family before @day .",
    "on @day the @noun @family changed its name .",
    "a @thing beside the @noun @family was closed .",
    "after @number years the @noun @family lost its @thing .",
)
_NAMES = {
    "PER": ("@given @family", "@given @family", "@family", "@given"),
    "LOC": ("@place", "@place", "New @place", "@family City", "@family"),
    "ORG": ("@family & @family", "@family Group", "Bank of @place", "@place United", "@family"),
}
_OPTIONS = {
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "thing": ("bridge", "factory", "school", "market", "station", "garden", "office", "theatre", "ship", "museum"),
    "number": tuple(map(str, range(2, 60))),
    "given": ("Ada", "Bruno", "Carla", "Dario", "Elsa", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karin", "Luis"),
}
_ONSETS = ("B", "Br", "D", "F", "G", "Gr", "H", "K", "L", "M", "N", "P", "R", "St", "T", "W")
_MIDDLES = ("al", "an", "ar", "el", "en", "er", "il", "in", "ol", "on", "or", "um", "un", "ur")
_NOUN_ONSETS = ("b", "cr", "d", "f", "g", "k", "l", "m", "p", "s", "t", "v")
_NOUN_JOINTS = ("b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_NOUN_ENDS = ("a", "ard", "eth", "ic", "ock", "oon", "ul", "ule", "und")
_FAMILY_ENDS = ("", "er", "man", "sen", "son", "ski", "ton")
_PLACE_ENDS = ("burg", "field", "ford", "ham", "port", "stadt", "ton", "wick")


class GeneratedNews(Generated):
    """Sentences from a grammar with persons, places and organisations, the same on every machine.

    Names are made of syllables, so that many of the test split are new; a name alone may be of any kind, which only the
    words around it tell. In half of the sentences it is one noun that tells, of which some are rare. No sentence stands
    there twice.

    Args:
        train: Number of sentences in training.
        held_out: Number of sentences in validation and in test, each.
        nouns: How many nouns each kind has that tell it, later ones being rarer, and some of those in the test split in
            no training sentence. Without any there are no such sentences, and every cell is right after a minute.
    """

    def __init__(
        self, train: int = 3000, held_out: int = 400, nouns: Annotated[int, Range(least=0, most=5000)] = 800
    ) -> None:
        check_sizes(train=train, held_out=held_out)
        super().__init__("generated_news", _SEED, {"train": train, "validation": held_out, "test": held_out})
        syllables = (_NOUN_ONSETS, _MIDDLES, _NOUN_JOINTS, _NOUN_ENDS)
        self._nouns = lexicon(list(_NAMES), nouns, syllables, _SEED) if nouns else {}

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """A sentence with ``tokens`` and ``tags`` (BIO)."""
        if self._nouns and choose(("plain", "told")) == "told":
            return _told(self._nouns, choose)
        return _sentence(choose)

    def text(self, row: Row) -> str:
        """The sentence."""
        return " ".join(row["tokens"])


def _sentence(choose: Choose) -> Row:
    tokens: list[str] = []
    tags: list[str] = []
    for part in choose(_SENTENCES).split():
        kind = part.removeprefix("@")
        if kind not in _NAMES:
            tokens.append(_word(part, choose))
            tags.append("O")
            continue
        name = [_word(word, choose) for word in choose(_NAMES[kind]).split()]
        tokens += name
        tags += [f"B-{kind}", *[f"I-{kind}"] * (len(name) - 1)]
    tokens[0] = tokens[0][0].upper() + tokens[0][1:]
    return {"tokens": tokens, "tags": tags}


def _told(nouns: Mapping[str, Sequence[str]], choose: Choose) -> Row:
    """A sentence with a name of which one noun tells the kind."""
    kind = choose(tuple(nouns))
    tokens: list[str] = []
    tags: list[str] = []
    for part in choose(_TOLD).split():
        tokens.append(rare(nouns[kind], choose) if part == "@noun" else _word(part, choose))
        tags.append(f"B-{kind}" if part == "@family" else "O")
    tokens[0] = tokens[0][0].upper() + tokens[0][1:]
    return {"tokens": tokens, "tags": tags}


def _word(part: str, choose: Choose) -> str:
    kind = part.removeprefix("@")
    if kind == part:
        return part
    if kind in _OPTIONS:
        return choose(_OPTIONS[kind])
    ends = _PLACE_ENDS if kind == "place" else _FAMILY_ENDS
    return choose(_ONSETS) + choose(_MIDDLES) + choose(ends)
