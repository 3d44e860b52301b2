"""Clips made on the spot: what is to be said of a frame does not stand in it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.clips.clip import Clip, Frame
from rnnbench.data.clips.draw import COLOURS, RADIUS, SHAPES, SIDE, Box, Thing, draw_frame, visible
from rnnbench.data.generated.base import check_sizes
from rnnbench.data.images.picture import Fit, square_of
from rnnbench.data.long_range.draws import Draw, key_of
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import SEED, Range

World = Literal["hidden", "bounces"]

NOTHING = "nothing"
_LENGTH = Range(least=1, most=10_000)
# Sixteenths of a pixel, in which things move.
_FINE = 16


class Drawn(NamedTuple):
    """A clip before it is drawn: T frames."""

    occluder: Box
    things: list[Thing | None]
    """Where what moves is, T times; None where it is outside."""
    labels: list[str]
    """T classes."""

    @property
    def hidden(self) -> list[bool]:
        """Of T frames, whether the thing is there and nothing of it can be seen."""
        return [
            thing is not None and label != NOTHING and not visible(thing, self.occluder)
            for thing, label in zip(self.things, self.labels, strict=True)
        ]


class DrawnClip(Clip):
    """A clip that draws itself.

    Args:
        drawn: What is to be seen.
        name: What errors call it.
    """

    def __init__(self, drawn: Drawn, name: str) -> None:
        self.drawn = drawn
        self.name = name
        self.count = len(drawn.things)

    def frames(self, size: int, fit: Fit = "stretch", rate: float | None = None) -> Iterator[Frame]:
        """See `Clip.frames`; a frame is not shown at any time, so no rate changes anything."""
        from PIL.Image import fromarray

        for number, thing in enumerate(self.drawn.things):
            pixels = draw_frame(thing, self.drawn.occluder)
            yield Frame(pixels if size == SIDE else square_of(fromarray(pixels), self.name, size, fit), number, None)

    def content(self) -> Any:
        """All that is in it."""
        return [list(self.drawn.occluder), self.drawn.things, self.drawn.labels]


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

    most: ClassVar[int] = 7

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
                place[axis] += speed[axis]
                for wall in (low, high):
                    if (place[axis] - wall) * (1 if wall == high else -1) > 0:
                        place[axis] = 2 * wall - place[axis]
                        speed[axis] = -speed[axis]
                        count += 1
            if count > self.most:
                break
        return Drawn(occluder, things, labels)


_WORLDS: Mapping[World, _World] = {"hidden": _Hidden(), "bounces": _Bounces()}


class GeneratedClips(Source):
    """Small clips whose labels need memory: what is behind the occluder now, or how often a disc has bounced.

    A clip is a function of the seed, its split and its number alone, and the same on every machine.

    Args:
        world: ``hidden``: shapes come in, wait behind an occluder and leave again; the class of a frame is the shape
            that is there, or ``nothing``. ``bounces``: a disc flies to and fro, partly behind an occluder; the class of
            a frame is how often it has hit a wall, up to 7, with which the clip ends.
        min_length: Least number of frames of a clip.
        max_length: Greatest number of frames.
        train: Number of clips in training.
        held_out: Number of clips in validation and in test, each.
        seed: Seed of all clips.
    """

    def __init__(
        self,
        world: World = "hidden",
        min_length: Annotated[int, _LENGTH] = 30,
        max_length: Annotated[int, _LENGTH] = 60,
        train: int = 1000,
        held_out: int = 100,
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        if world not in get_args(World):
            hint = did_you_mean(world, get_args(World))
            raise UserError(f"there is no world {world!r}", where="--data.source.world", hint=hint)
        if min_length > max_length:
            raise UserError(
                f"no clip has at least {min_length} and at most {max_length} frames", where="--data.source.max_length"
            )
        check_sizes(train=train, held_out=held_out)
        self.dataset = load_origin("generated_clips", Builtin)[0].name
        self.world: World = world
        self.lengths = min_length, max_length
        self.sizes: dict[Split, int] = {"train": train, "validation": held_out, "test": held_out}
        self.seed = seed

    def rows(self, split: Split) -> list[Row]:
        """A row for each clip: ``clip``, ``labels`` and ``hidden``, of each frame whether its thing is out of sight.

        Args:
            split: The split.
        """
        return [self._row(split, number) for number in range(self.sizes[split])]

    def _row(self, split: Split, number: int) -> Row:
        draw = Draw(key_of(self.seed, f"{self.world} {split}"), number)
        least, most = self.lengths
        drawn = _WORLDS[self.world].play(draw, least + draw.below(most - least + 1))
        return {
            "clip": DrawnClip(drawn, f"{self.dataset}, {split}, clip {number + 1}"),
            "labels": drawn.labels,
            "hidden": drawn.hidden,
        }
