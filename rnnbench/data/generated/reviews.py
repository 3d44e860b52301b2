"""Film reviews made by a grammar, in which negation and contrast decide."""

from __future__ import annotations

from typing import Annotated

from rnnbench.data.generated.base import Choose, Generated, check_sizes, lexicon
from rnnbench.data.source import Row, Split
from rnnbench.ranges import Range

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
_OPPOSITE = {"positive": "negative", "negative": "positive"}
# What rarer ones are made of.
_SYLLABLES = (
    ("b", "bl", "cr", "d", "fl", "g", "gr", "k", "l", "m", "n", "p", "pl", "s", "t", "v"),
    ("ab", "ed", "el", "im", "in", "ol", "or", "um", "ur", "yst"),
    ("b", "d", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v"),
    ("ant", "ent", "esque", "ful", "ic", "ish", "ive", "less", "ous", "some"),
)
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


class GeneratedReviews(Generated):
    """Short reviews from a grammar, positive and negative in equal parts, the same on every machine.

    Half of the statements are negated, half of the sentences set two statements against each other, of which one
    counts. So it takes the order of words to tell the class. Two of three adjectives are rare, so that many are in no
    review of training, or in one. No review stands there twice.

    Args:
        train: Number of reviews in training.
        held_out: Number of reviews in validation and in test, each.
        sentences: Sentences of a review, all of its class: who predicts the next one has to know the class.
        contrary: Whether statements are negated, or set against each other; without, adjectives alone tell the class.
        rare: How many rare adjectives each class has. Without any, all adjectives are of the 20 that stand here, and
            every cell is right after a minute.
    """

    def __init__(
        self,
        train: int = 8000,
        held_out: int = 1000,
        sentences: int = 1,
        contrary: bool = True,
        rare: Annotated[int, Range(least=0, most=5000)] = 2500,
    ) -> None:
        check_sizes(train=train, held_out=held_out, sentences=sentences)
        self.sentences = sentences
        self.contrary = contrary
        self._rare = lexicon(list(_ADJECTIVES), rare, _SYLLABLES, _SEED) if rare else {}
        super().__init__("generated_reviews", _SEED, {"train": train, "validation": held_out, "test": held_out})

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """A review with ``text`` and ``label``."""
        label = ("negative", "positive")[number % 2]
        return {"text": " ".join(self._sentence(label, choose) for _ in range(self.sentences)), "label": label}

    def text(self, row: Row) -> str:
        """The review."""
        return row["text"]

    def _sentence(self, label: str, choose: Choose) -> str:
        form = choose((choose(_CONTRASTS), choose(_AGREEMENTS))) if self.contrary else choose(_AGREEMENTS)
        names = {"own": label, "also": label, "other": _OPPOSITE[label]}
        return form.format(**{name: self._statement(one, choose) for name, one in names.items()})

    def _statement(self, label: str, choose: Choose) -> str:
        if not self.contrary or choose(("plain", "negated")) == "plain":
            return f"the {choose(_PARTS)} is {choose(_DEGREES)}{self._adjective(label, choose)}"
        return f"the {choose(_PARTS)} {choose(_NOT)} {self._adjective(_OPPOSITE[label], choose)}"

    def _adjective(self, label: str, choose: Choose) -> str:
        is_rare = bool(self._rare) and choose((False, True, True))
        return choose(self._rare[label] if is_rare else _ADJECTIVES[label])
