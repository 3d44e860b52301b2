"""What may be said of a scene, and what a caption says."""

from __future__ import annotations

import re

from rnnbench.data.generated.base import Choose
from rnnbench.data.generated.scenes.scene import COLOURS, NUMBERS, PLACES, SHAPES, SIZES, Scene

REFERENCES = 5
"""Captions of a scene."""

_AT_A_PLACE = (
    "{a} {place}",
    "there is {a} {place}",
    "{a} is {place}",
    "{place} there is {a}",
    "{place} is {a}",
    "the picture shows {a} {place}",
)
_IN_A_LINE = (
    "{a} in a {line}",
    "there are {a} in a {line}",
    "{a} stand in a {line}",
    "a {line} of {a}",
    "there is a {line} of {a}",
    "the picture shows {a} in a {line}",
)
_RELATED = (
    "{a} is {before} {b}",
    "{b} is {behind} {a}",
    "there is {a} {before} {b}",
    "there is {b} {behind} {a}",
    "{before} {b} there is {a}",
    "{behind} {a} there is {b}",
)
_WORDS = {"left of": ("to the left of", "to the right of"), "above": ("above", "below")}
_THING = rf"(?:{'|'.join(NUMBERS)}) (?:{'|'.join(SIZES)}) (?:{'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)})(?:e?s)?"


def captions_of(scene: Scene, choose: Choose) -> list[str]:
    """Five captions of a scene, each in another form.

    Args:
        scene: The scene.
        choose: Makes every choice.
    """
    forms = list(_forms(scene))
    chosen = []
    for _ in range(REFERENCES):
        form = choose(forms)
        forms.remove(form)
        chosen.append(form)
    return [form.format(**_parts(scene)) for form in chosen]


def named_in(scene: Scene, caption: str) -> list[tuple[int, int]]:
    """For each noun of a caption its place among the words, and the number of the thing that it names."""
    found = []
    for number, thing in enumerate(scene.things):
        before, _, _ = caption.partition(thing.phrase)
        found.append((len(before.split()) + len(thing.phrase.split()) - 1, number))
    return sorted(found)


def meaning_of(caption: str) -> str | None:
    """What a caption says, in the form of `Scene.meaning`; None where it is no caption that this grammar makes.

    Args:
        caption: The caption.
    """
    for pattern, kind in _PATTERNS:
        match = pattern.fullmatch(caption)
        if match is None:
            continue
        said = match.groupdict()
        if not all(map(_is_grammatical, (said["a"], said.get("b", said["a"])))):
            return None
        if kind in _WORDS:
            return f"{said['a']} {kind} {said['b']}"
        return f"{said['a']} {said['place']}" if "place" in said else f"{said['a']} in a {said['line']}"
    return None


def _forms(scene: Scene) -> tuple[str, ...]:
    return _RELATED if scene.relation else _AT_A_PLACE if scene.place else _IN_A_LINE


def _parts(scene: Scene) -> dict[str, str]:
    parts = {"a": scene.things[0].phrase, "place": str(scene.place), "line": str(scene.line)}
    if scene.relation is not None:
        before, behind = _WORDS[scene.relation]
        parts |= {"b": scene.things[1].phrase, "before": before, "behind": behind}
    return parts


def _is_grammatical(phrase: str) -> bool:
    """Whether number and noun agree."""
    number, _, _, noun = phrase.split()
    shape = next(shape for shape in SHAPES if noun.startswith(shape))
    plural = f"{shape}es" if shape.endswith("s") else f"{shape}s"
    return noun == (shape if number == NUMBERS[0] else plural)


def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Every form as a pattern, with the relation that it tells of."""
    a, b = rf"(?P<a>{_THING})", rf"(?P<b>{_THING})"
    place, line = rf"(?P<place>{'|'.join(PLACES)})", "(?P<line>row|column)"
    found = [(re.compile(form.format(a=a, place=place)), "place") for form in _AT_A_PLACE]
    found += [(re.compile(form.format(a=a, line=line)), "line") for form in _IN_A_LINE]
    for relation, (before, behind) in _WORDS.items():
        forms = (form.format(a=a, b=b, before=before, behind=behind) for form in _RELATED)
        found += [(re.compile(form), relation) for form in forms]
    return found


_PATTERNS = _patterns()
