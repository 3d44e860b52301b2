"""What every decoder is: the recurrent part of a step, and the part of it that may wait for all steps."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rnnbench.backbone import Backbone, StackState
from rnnbench.backbone.state import leaves, select
from rnnbench.errors import UserError
from rnnbench.nn.attention import Memory

MakeStack = Callable[..., Backbone]
"""Makes a stack from its input size; takes other options of `Backbone` by name."""


class Encoded(NamedTuple):
    """B sources of up to S places, read: the tokens of a sentence, the regions of an image."""

    values: Tensor
    """``(B, S, M)``: what an encoder made of each place, in their order."""
    lengths: Tensor
    """``(B,)`` int64."""
    last: Tensor
    """``(B, L)``: a summary of the whole: of a sentence the output at its end, of both directions side by side."""
    state: StackState
    """The state of the recurrent layers after the last place; nothing where there are none."""


class DecoderState(NamedTuple):
    """What a decoder carries from token to token, N rows."""

    stack: StackState
    """State of the recurrent layers."""
    memory: Memory | None
    """The sources, for decoders that attend to them."""
    fed: Tensor | None
    """``(N, F)``: what else the next step reads, by decoder: a summary of the source, or something of this step."""
    attention: Tensor | None = None
    """``(N, S)``: weights of the last step."""

    def select(self, rows: Tensor) -> DecoderState:
        """The rows ``(N',)`` (int64), in this order and as often as named; sources are not copied.

        Rows that are known on the CPU are best given there: a memory works with them without waiting for a device.
        """
        there = rows.to(leaves(self.stack)[0].device)
        return DecoderState(
            select(self.stack, there),
            None if self.memory is None else self.memory.select(rows),
            None if self.fed is None else self.fed.index_select(0, there),
            None if self.attention is None else self.attention.index_select(0, there),
        )


class Decoder(nn.Module, ABC):
    """Reads the tokens of a text and makes of each a vector D that the next token is predicted from.

    The definition is `step`: `advance`, then `finish`. In training whole texts are read: `read` loops over `advance`,
    unless a decoder whose recurrence needs no attention does better, and `finish` is called once.
    """

    output_size: int
    """Width D."""

    @abstractmethod
    def start(self, encoded: Encoded) -> DecoderState:
        """The state before the first token of B texts."""

    @abstractmethod
    def advance(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """The part of a step that the next one waits for: vectors ``(N, E)`` -> ``(N, P)``, and the new state."""

    @abstractmethod
    def finish(self, made: Tensor, x: Tensor) -> Tensor:
        """The other part: what `advance` made ``(..., P)`` of the vectors ``(..., E)`` -> ``(..., D)``."""

    @abstractmethod
    def flops_per_token(self) -> int:
        """Floating-point operations of a step, but for those that grow with the length of the source."""

    @property
    @abstractmethod
    def stacks(self) -> list[Backbone]:
        """The recurrent layers."""

    def step(self, x: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Reads one token of each text: vectors ``(N, E)`` -> ``(N, D)``, and the new state."""
        made, state = self.advance(x, state)
        return self.finish(made, x), state

    def read(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """Reads whole texts by what `advance` does.

        Args:
            x: Vectors of the tokens ``(B, T, E)``.
            lengths: Their numbers ``(B,)`` int64, each in 1..T.
            state: The state before the first.

        Returns:
            What was made ``(B, T, P)``, anything past each length, and the weights of the attention ``(B, T, S)`` if
            there is one.
        """
        made, weights = [], []
        for token in x.unbind(1):
            one, state = self.advance(token, state)
            made.append(one)
            weights.append(state.attention)
        attention = None if weights[0] is None else torch.stack(weights, 1)  # type: ignore[arg-type]
        return torch.stack(made, 1), attention

    def forward(self, x: Tensor, lengths: Tensor, state: DecoderState) -> tuple[Tensor, Tensor | None]:
        """`read`, whose arguments it has, then `finish`, which makes ``(B, T, D)`` of what was made."""
        made, attention = self.read(x, lengths, state)
        return self.finish(made, x), attention


def causal(make: MakeStack, option: str) -> MakeStack:
    """A factory of stacks that can be run step by step.

    Args:
        make: The factory as the user chose it.
        option: The option that names it, for the error.

    Returns:
        The factory; it refuses to make a stack that reads from both ends.
    """
    # Not a closure: models are copied and sent to other processes.
    return functools.partial(_make_causal, make, option)


def _make_causal(make: MakeStack, option: str, *sizes: Any, **options: Any) -> Backbone:
    stack = make(*sizes, **options)
    if not stack.causal:
        raise UserError(
            "a decoder cannot read the text that it writes from its end",
            where=f"{option}.bidirectional",
            hint="bidirectional: false",
        )
    return stack
