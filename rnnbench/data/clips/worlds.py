"""What happens in generated clips, before anything is drawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from rnnbench.data.clips.draw import COLOURS, RADIUS, SHAPES, SIDE, Box, Thing, visible
from rnnbench.data.long_range.draws import Draw

World = Literal["hidden", "bounces", "collisions"]

NOTHING = "nothing"
# Sixteenths of a pixel, in which things move.
_FINE = 16
# Of bounces and collisions, before a clip ends.
_MOST = 7


class Drawn(NamedTuple):
    """A clip before it is drawn: T frames."""

    occluder: Box
    things: list[Thing | None]
    """Where what moves is, T times; None where it is outside."""
    labels: list[str]
    """T classes."""
    others: list[Thing] | None = None
    """Where what else moves is, T times; None where there is one thing alone."""

    @property
    def hidden(self) -> list[bool]:
        """Of T frames, whether a thing is there and nothing of it can be seen."""
        return [
            label != NOTHING and any(not visible(thing, self.occluder) for thing in there)
            for there, label in zip(self.frames, self.labels, strict=True)
        ]

    @property
    def frames(self) -> list[list[Thing]]:
        """Of T frames, what is there."""
        of_each: list[Sequence[Thing | None]] = [self.things, *([] if self.others is None else [self.others])]
        return [[one for one in there if one is not None] for there in zip(*of_each, strict=True)]


class _World:
    """What happens in a clip."""

    @abstractmethod
    def play(self, draw: Draw, length: int) -> Drawn:
        """The first frames of it.

        Args:
            draw: Makes every choice.
            length: Their number T.
        """


class _Hidden(_World):
    """Shapes come in from a side, wait behind an occluder, and leave by the same side or another one.

    A frame's class is the shape that is there, from when half of it can be seen, however long it has been hidden.
    """

    def play(self, draw: Draw, length: int) -> Drawn:
        """See `_World.play`."""
        half = RADIUS + 2 + draw.below(2)
        x, y = (SIDE // 2 - 2 + draw.below(5) for _ in range(2))
        occluder = Box(x - half, y - half, x + half + 1, y + half + 1)
        things: list[Thing | None] = []
        labels: list[str] = []
        while len(things) < length:
            idle = 1 + draw.below(5)
            things += [None] * idle
            labels += [NOTHING] * idle
            shape, colour = draw.below(len(SHAPES)), draw.below(len(COLOURS))
            way = [*self._ways(draw, x, y)[::-1], *[(x, y)] * (1 + draw.below(8)), *self._ways(draw, x, y)]
            seen = False
            for place in way:
                thing = Thing(shape, colour, *place)
                seen = seen or 2 * visible(thing, occluder) >= visible(Thing(shape, colour, x, y), None)
                things.append(thing)
                labels.append(SHAPES[shape] if seen else NOTHING)
        return Drawn(occluder, things[:length], labels[:length])

    def _ways(self, draw: Draw, x: int, y: int) -> list[tuple[int, int]]:
        """Places from the middle of the occluder to outside of a side, at a speed of its own."""
        across, down = ((1, 0), (-1, 0), (0, 1), (0, -1))[draw.below(4)]
        speed = 2 * _FINE + draw.below(_FINE + 1)
        places = []
        for step in range(1, 1 + SIDE):
            moved = step * speed // _FINE
            places.append((x + across * moved, y + down * moved))
            if not all(-RADIUS <= one < SIDE + RADIUS for one in places[-1]):
                break
        return places[:-1]


class _Bounces(_World):
    """A disc flies behind an occluder and bounces off the walls; a frame's class is how often it has done so."""

    def play(self, draw: Draw, length: int) -> Drawn:
        """See `_World.play`; it ends before the walls are hit once more than there are classes."""
        half = RADIUS + 1 + draw.below(3)
        box = [SIDE // 2 - 4 + draw.below(9) for _ in range(2)]
        occluder = Box(box[0] - half, box[1] - half, box[0] + half + 1, box[1] + half + 1)
        colour, low, high = draw.below(len(COLOURS)), RADIUS * _FINE, (SIDE - 1 - RADIUS) * _FINE
        place = [low + draw.below(high - low + 1) for _ in range(2)]
        speed = [(_FINE + draw.below(_FINE)) * (1 - 2 * draw.below(2)) for _ in range(2)]
        count = 0
        things: list[Thing | None] = []
        labels: list[str] = []
        for _ in range(length):
            things.append(Thing(0, colour, *(one // _FINE for one in place)))
            labels.append(str(count))
            for axis in range(2):
                place[axis], speed[axis], hits = _move(place[axis], speed[axis], low, high)
                count += hits
            if count > _MOST:
                break
        return Drawn(occluder, things, labels)


class _Collisions(_World):
    """Two discs fly to and fro on a line, partly behind an occluder; a frame's class is how often they have collided.

    Discs of equal mass exchange their speeds. So each goes on as if it were a point that flies through the other one,
    and the first of two points is the left disc.
    """

    def play(self, draw: Draw, length: int) -> Drawn:
        """See `_World.play`; it ends before they collide once more than there are classes."""
        half = RADIUS + 1 + draw.below(4)
        middle, y = SIDE // 2 - 4 + draw.below(9), RADIUS + draw.below(SIDE - 2 * RADIUS)
        occluder = Box(middle - half, y - RADIUS - 1, middle + half + 1, y + RADIUS + 2)
        first = draw.below(len(COLOURS))
        second = (first + 1 + draw.below(len(COLOURS) - 1)) % len(COLOURS)
        apart = 2 * RADIUS + 1
        low, high = RADIUS * _FINE, (SIDE - 1 - RADIUS - apart) * _FINE
        points = [low + draw.below(high - low + 1) for _ in range(2)]
        speeds = [(_FINE // 2 + draw.below(_FINE)) * (1 - 2 * draw.below(2)) for _ in range(2)]
        count = 0
        things: list[Thing | None] = []
        others: list[Thing] = []
        labels: list[str] = []
        for _ in range(length):
            left, right = (one // _FINE for one in sorted(points))
            things.append(Thing(0, first, left, y))
            others.append(Thing(0, second, right + apart, y))
            labels.append(str(count))
            order = points[0] < points[1]
            for one in range(2):
                points[one], speeds[one], _ = _move(points[one], speeds[one], low, high)
            count += order != (points[0] < points[1])
            if count > _MOST:
                break
        return Drawn(occluder, things, labels, others)


def _move(place: int, speed: int, low: int, high: int) -> tuple[int, int, int]:
    """A step between two walls: the place, the speed, and how often a wall was hit."""
    place += speed
    hits = 0
    for wall in (low, high):
        if (place - wall) * (1 if wall == high else -1) > 0:
            place, speed, hits = 2 * wall - place, -speed, hits + 1
    return place, speed, hits


WORLDS: Mapping[World, _World] = {"hidden": _Hidden(), "bounces": _Bounces(), "collisions": _Collisions()}
"""What can happen, by its name."""
