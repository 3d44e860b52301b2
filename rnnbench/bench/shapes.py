"""The sizes at which cells are timed."""

from __future__ import annotations

from typing import NamedTuple

from rnnbench.errors import UserError, did_you_mean


class Shape(NamedTuple):
    """Time steps T, batch size B, input width I and hidden units H."""

    time: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return ", ".join(map(str, self))


SHAPES = {
    "S": Shape(50, 32, 128, 128),
    "M": Shape(100, 32, 256, 256),
    "P": Shape(35, 20, 650, 650),
    "L": Shape(200, 64, 512, 512),
}


def parse_shape(text: str) -> Shape:
    """A shape by its letter, or as four numbers: ``M`` or ``100,32,256,256``.

    Raises:
        UserError: It is neither.
    """
    if text in SHAPES:
        return SHAPES[text]
    parts = text.split(",")
    if len(parts) == 4 and all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        return Shape(*map(int, parts))
    hint = did_you_mean(text, SHAPES) if len(parts) == 1 else "four positive numbers: T,B,I,H"
    raise UserError(f"no shape is called {text!r}", where="--shapes", hint=hint)
