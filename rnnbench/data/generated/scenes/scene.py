"""What is in a scene, drawn by lot."""

from __future__ import annotations

from typing import Literal, NamedTuple

from rnnbench.data.generated.base import Choose

SIDE = 64
"""Width and height of the plane that things are put on."""

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange", "black")
SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
SIZES = ("small", "large")
NUMBERS = ("a", "two", "three")
PLACES = {
    "in the upper left corner": (16, 16),
    "in the upper right corner": (48, 16),
    "in the lower left corner": (16, 48),
    "in the lower right corner": (48, 48),
    "in the middle": (32, 32),
}
LINES = ("row", "column")
RELATIONS = ("left of", "above")

Relation = Literal["left of", "above"]
Line = Literal["row", "column"]

_HELD_OUT = tuple(zip(COLOURS, (*SHAPES, SHAPES[1]), strict=True))
_RADII = {"small": (5, 6), "large": (9, 10)}
_SHADES = (255, 240, 225)


class Thing(NamedTuple):
    """One or several equal shapes."""

    size: str
    colour: str
    shape: str
    radius: int
    centres: tuple[tuple[int, int], ...]
    """Where each of them is, from the left and from the top."""

    @property
    def phrase(self) -> str:
        """What it is called: ``a small red circle``, ``two large blue stars``."""
        count = len(self.centres)
        noun = self.shape if count == 1 else f"{self.shape}es" if self.shape.endswith("s") else f"{self.shape}s"
        return f"{NUMBERS[count - 1]} {self.size} {self.colour} {noun}"

    @property
    def held_out(self) -> bool:
        """Whether no training scene has this colour and this shape together."""
        return (self.colour, self.shape) in _HELD_OUT

    def boxes(self) -> list[list[float]]:
        """Left, top, right and bottom of each, as shares of the sides."""
        r = self.radius
        return [[(x - r) / SIDE, (y - r) / SIDE, (x + r) / SIDE, (y + r) / SIDE] for x, y in self.centres]


class Scene(NamedTuple):
    """A thing at a place, several in a line, or two that stand in a relation."""

    things: tuple[Thing, ...]
    place: str | None = None
    """One of `PLACES`."""
    line: Line | None = None
    relation: Relation | None = None
    """Of the first thing to the second."""
    shade: int = 255
    """Of the background."""

    @property
    def meaning(self) -> str:
        """What a right caption says, in one form for all wordings."""
        first = self.things[0].phrase
        if self.relation is not None:
            return f"{first} {self.relation} {self.things[1].phrase}"
        return f"{first} {self.place}" if self.place is not None else f"{first} in a {self.line}"

    @property
    def compositional(self) -> bool:
        """Whether anything in it has a colour and a shape that never go together in training."""
        return any(thing.held_out for thing in self.things)


def draw_scene(choose: Choose) -> Scene:
    """Any scene.

    Args:
        choose: Makes every choice.
    """
    kind = choose(("place", "line", "relation", "relation"))
    shade = choose(_SHADES)
    if kind == "place":
        place = choose(tuple(PLACES))
        x, y = (value + choose(range(-4, 5)) for value in PLACES[place])
        return Scene((_thing(choose, ((x, y),)),), place=place, shade=shade)
    if kind == "line":
        line = choose(LINES)
        return Scene((_in_line(choose, line == "row"),), line=line, shade=shade)  # type: ignore[arg-type]
    relation = choose(RELATIONS)
    near, far = choose(range(12, 21)), choose(range(44, 53))
    across = choose(range(12, 53))
    other = min(max(across + choose(range(-8, 9)), 12), 52)
    first, second = ((near, across), (far, other)) if relation == "left of" else ((across, near), (other, far))
    things = (_thing(choose, (first,)), _thing(choose, (second,)))
    while things[0].phrase == things[1].phrase:
        # Two equal things would be two in a line.
        things = (things[0], _thing(choose, (second,)))
    return Scene(things, relation=relation, shade=shade)  # type: ignore[arg-type]


def _thing(choose: Choose, centres: tuple[tuple[int, int], ...]) -> Thing:
    size = choose(SIZES)
    return Thing(size, choose(COLOURS), choose(SHAPES), choose(_RADII[size]), centres)


def _in_line(choose: Choose, across: bool) -> Thing:
    """Two or three things side by side, or one below the other."""
    count = choose((2, 3))
    one = _thing(choose, ())
    step = choose(range(2 * one.radius + 1, (SIDE - 2 * one.radius - 2) // (count - 1) + 1))
    along = one.radius + 1 + choose(range(SIDE - 2 * one.radius - 1 - step * (count - 1)))
    beside = choose(range(one.radius + 1, SIDE - one.radius))
    places = [along + step * i for i in range(count)]
    return one._replace(centres=tuple((x, beside) if across else (beside, x) for x in places))
