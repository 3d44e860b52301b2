"""News sentences made by a grammar, with the names in them tagged."""

from __future__ import annotations

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.source import Row, Split

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
_FAMILY_ENDS = ("", "er", "man", "sen", "son", "ski", "ton")
_PLACE_ENDS = ("burg", "field", "ford", "ham", "port", "stadt", "ton", "wick")


class GeneratedNews(Generated):
    """Sentences from a grammar with persons, places and organisations, the same on every machine.

    Names are made of syllables, so that many of the test split are new; a name alone may be of any kind, which only the
    words around it tell. No sentence stands there twice.

    Args:
        train: Number of sentences in training.
        held_out: Number of sentences in validation and in test, each.
    """

    def __init__(self, train: int = 3000, held_out: int = 400) -> None:
        check_sizes(train=train, held_out=held_out)
        super().__init__("generated_news", _SEED, {"train": train, "validation": held_out, "test": held_out})

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """A sentence with ``tokens`` and ``tags`` (BIO)."""
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


def _word(part: str, choose: Choose) -> str:
    kind = part.removeprefix("@")
    if kind == part:
        return part
    if kind in _OPTIONS:
        return choose(_OPTIONS[kind])
    ends = _PLACE_ENDS if kind == "place" else _FAMILY_ENDS
    return choose(_ONSETS) + choose(_MIDDLES) + choose(ends)
