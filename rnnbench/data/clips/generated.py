"""Clips made on the spot: what is to be said of a frame does not stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.clips.clip import Clip, Frame
from rnnbench.data.clips.draw import SIDE, draw_frame
from rnnbench.data.clips.worlds import WORLDS, Drawn, World
from rnnbench.data.generated.base import check_sizes
from rnnbench.data.images.picture import Fit, square_of
from rnnbench.data.long_range.draws import Draw, key_of
from rnnbench.data.source import Row, Source, Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import SEED, Range

_LENGTH = Range(least=1, most=10_000)


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

        for number, things in enumerate(self.drawn.frames):
            pixels = draw_frame(things, self.drawn.occluder)
            yield Frame(pixels if size == SIDE else square_of(fromarray(pixels), self.name, size, fit), number, None)

    def content(self) -> Any:
        """All that is in it."""
        drawn = self.drawn
        others = [] if drawn.others is None else [drawn.others]
        return [list(drawn.occluder), drawn.things, drawn.labels, *others]


class GeneratedClips(Source):
    """Small clips whose labels need memory: what is behind the occluder now, or how often a disc has bounced.

    A clip is a function of the seed, its split and its number alone, and the same on every machine.

    Args:
        world: ``hidden``: shapes come in, wait behind an occluder and leave again; the class of a frame is the shape
            that is there, or ``nothing``. ``bounces``: a disc flies to and fro, partly behind an occluder; the class of
            a frame is how often it has hit a wall, up to 7, with which the clip ends. ``collisions``: two discs fly to
            and fro on a line, partly behind an occluder; the class is how often they have collided, up to 7.
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
        drawn = WORLDS[self.world].play(draw, least + draw.below(most - least + 1))
        return {
            "clip": DrawnClip(drawn, f"{self.dataset}, {split}, clip {number + 1}"),
            "labels": drawn.labels,
            "hidden": drawn.hidden,
        }
