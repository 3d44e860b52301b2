"""Film reviews made by a grammar, in which negation and contrast decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.source import Row, Source, Split

_SIZES: dict[Split, int] = {"train": 8000, "validation": 1000, "test": 1000}
_SEED = 4

_PARTS = (
    "plot", "acting", "music", "ending", "dialogue", "cast", "script", "pace", "humour", "camera work", "first half",
    "second half", "hero", "villain", "sound", "opening", "editing", "chase", "love story", "final scene",
)  # fmt: skip
_ADJECTIVES = {
    "positive": (
        "brilliant", "moving", "clever", "warm", "gripping", "charming", "fresh", "honest", "graceful", "funny",
        "touching", "bold", "elegant", "witty", "superb", "lovely", "inspired", "vivid", "tender", "delightful",
    ),
    "negative": (
        "dull", "clumsy", "shallow", "tedious", "cold", "messy", "stale", "false", "noisy", "bleak",
        "awful", "lazy", "forced", "silly", "wooden", "ugly", "tired", "vague", "bitter", "painful",
    ),
}  # fmt: skip
_DEGREES = ("", "", "", "really ", "quite ", "rather ", "truly ", "often ")
_NOT = ("is not", "is never", "is hardly", "is far from", "is anything but", "is by no means", "could not be called")
_CONTRASTS = (
    "{other} , but {own} .",
    "although {other} , {own} .",
    "{own} , even though {other} .",
    "{other} ; still , {own} .",
    "{own} , and it does not matter that {other} .",
    "while {other} , in the end {own} .",
)
_AGREEMENTS = ("{own} .", "{own} and {also} .", "{own} , and what is more , {also} .", "not only {own} : {also} .")


class GeneratedReviews(Source):
    """Short reviews from a grammar, positive and negative in equal parts, the same on every machine.

    Half of the statements are negated, half of the reviews set two statements against each other, of which one counts.
    So it takes the order of words to tell the class. No review stands there twice.
    """

    def __init__(self) -> None:
        self._name = load_origin("generated_reviews", Builtin)[0].name
        self._made: dict[Split, list[Row]] = {}

    @property
    def dataset(self) -> str:
        """The card's name."""
        return self._name

    def rows(self, split: Split) -> list[Row]:
        """The reviews of a split, each with ``text`` and ``label``.

        Args:
            split: The split.
        """
        if not self._made:
            self._made = _make()
        return self._made[split]


def _make() -> dict[Split, list[Row]]:
    random = Random(_SEED)

    def choose(options: Sequence[str]) -> str:
        # Of Python's random numbers only these are the same in all its versions.
        return options[int(random.random() * len(options))]

    seen: dict[str, None] = {}
    splits: dict[Split, list[Row]] = {}
    for split, size in _SIZES.items():
        rows: list[Row] = []
        while len(rows) < size:
            label = ("negative", "positive")[len(rows) % 2]
            text = _review(label, choose)
            if text not in seen:
                seen[text] = None
                rows.append({"text": text, "label": label})
        splits[split] = rows
    return splits


def _review(label: str, choose: Callable[[Sequence[str]], str]) -> str:
    form = choose((choose(_CONTRASTS), choose(_AGREEMENTS)))
    other = "negative" if label == "positive" else "positive"
    return form.format(own=_statement(label, choose), also=_statement(label, choose), other=_statement(other, choose))


def _statement(label: str, choose: Callable[[Sequence[str]], str]) -> str:
    if choose(("plain", "negated")) == "plain":
        return f"the {choose(_PARTS)} is {choose(_DEGREES)}{choose(_ADJECTIVES[label])}"
    opposite = "negative" if label == "positive" else "positive"
    return f"the {choose(_PARTS)} {choose(_NOT)} {choose(_ADJECTIVES[opposite])}"
