"""Pictures of coloured shapes with captions, made by a grammar."""

from __future__ import annotations

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.generated.scenes.captions import captions_of, named_in
from rnnbench.data.generated.scenes.picture import draw
from rnnbench.data.generated.scenes.scene import draw_scene
from rnnbench.data.source import Row, Split

_SEED = 12


class GeneratedScenes(Generated):
    """Coloured shapes at a place, in a line or beside each other, with five captions each.

    The same on every machine. The second half of the test split, its part ``compositional``, has colours and shapes
    together that never go together elsewhere. It is known which word names what, and where that is.

    Args:
        train: Number of scenes in training.
        held_out: Number of scenes in validation, and in each half of the test split.
    """

    def __init__(self, train: int = 4000, held_out: int = 400) -> None:
        check_sizes(train=train, held_out=held_out)
        # Held out first: they stay what they are when there is more to train on.
        super().__init__("generated_scenes", _SEED, {"test": 2 * held_out, "validation": held_out, "train": train})
        self.held_out = held_out

    def draw(self, split: Split, number: int, choose: Choose) -> Row | None:
        """A scene with ``image``, ``captions``, ``meaning``, ``named`` and perhaps ``part``; None for another part."""
        scene = draw_scene(choose)
        compositional = split == "test" and number >= self.held_out
        if scene.compositional != compositional:
            return None
        captions = captions_of(scene, choose)
        boxes = [thing.boxes() for thing in scene.things]
        named = [
            {"caption": number, "word": word, "boxes": boxes[thing]}
            for number, caption in enumerate(captions)
            for word, thing in named_in(scene, caption)
        ]
        row: Row = {"scene": scene, "captions": captions, "meaning": scene.meaning, "named": named}
        return row | {"part": "compositional"} if compositional else row

    def text(self, row: Row) -> str:
        """All that is in the scene."""
        return repr(row["scene"])

    def rows(self, split: Split) -> list[Row]:
        """The scenes of a split, drawn.

        Args:
            split: The split.
        """
        return [
            {**{name: value for name, value in row.items() if name != "scene"}, "image": {"bytes": draw(row["scene"])}}
            for row in super().rows(split)
        ]
