"""What writes a text token by token, as two graphs: one of what the text is about, and one step of the decoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import leaves, unflatten
from rnnbench.nn.attention import Memory
from rnnbench.nn.decoder import DecoderState
from rnnbench.tasks.base.graph import Axes, Computed, Graph, Outputs


def decoder_graphs(
    model: nn.Module,
    start: Callable[..., DecoderState],
    step: Callable[[Tensor, DecoderState], tuple[Tensor, DecoderState]],
    reads: Mapping[str, Axes],
    draw: Callable[[int, int], tuple[Tensor, ...]],
    vocabulary: int,
    beside: Mapping[str, Any],
) -> tuple[Graph, Graph]:
    """``encoder``, from what is read to what a decoder starts with, and ``decoder``, a step of it.

    That is the leaves of the state of its layers, ``state_0`` ...; where it attends ``memory (B, S, M)``,
    ``keys (B, S, A)`` and their ``lengths (B,)`` int64, unless these are read; and what else it may be fed,
    ``fed (B, F)``. A step reads ``token (B,)`` int64 and all of these, and gives ``log_probabilities (B, V)``,
    ``next_state_0`` ..., ``next_fed`` and ``attention (B, S)``. How a text is searched for with it is a
    program's own affair.

    Args:
        model: The model.
        start: Makes the state before the first token of what is read, in its order.
        step: Takes one token ``(B,)`` of each text and the state; gives log-probabilities of the next ``(B, V)``, and
            the state after it.
        reads: Name of each input of the encoder -> its sizes; one may be ``lengths``.
        draw: Draws what so many texts of up to so many places are about.
        vocabulary: Number V of tokens.
        beside: See `Graph`; of both.
    """
    like = start(*draw(1, 1))
    first = _tensors(like)
    handed = [name for name in first if name not in reads]
    changing = [name for name in first if name not in ("memory", "keys", "lengths")]
    sizes: dict[str, Axes] = {name: ("batch", *tensor.shape[1:]) for name, tensor in first.items()}
    sizes |= {name: ("batch", "places", *first[name].shape[2:]) for name in ("memory", "keys") if name in first}

    def encode(*read: Tensor) -> Outputs:
        found = _tensors(start(*read))
        return tuple(found[name].clone() for name in handed)

    def advance(token: Tensor, *tensors: Tensor) -> Outputs:
        scores, after = step(token, _state(dict(zip(first, tensors, strict=True)), like))
        found = _tensors(after)
        attention = () if after.attention is None else (after.attention,)
        return scores, *(found[name].clone() for name in changing), *attention

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        state = start(*draw(batch, steps))
        # A state that a network can be in.
        for _ in range(3):
            _, state = step(torch.randint(vocabulary, (batch,)), state)
        return torch.randint(vocabulary, (batch,)), *(one.contiguous() for one in _tensors(state).values())

    attends = like.memory is not None
    encoder = Graph(Computed(model, encode), reads, tuple(handed), draw, dict(beside), "encoder")
    said = ("log_probabilities", *(f"next_{name}" for name in changing), *(("attention",) if attends else ()))
    decoder = Graph(Computed(model, advance), {"token": ("batch",), **sizes}, said, example, dict(beside), "decoder")
    return encoder, decoder


def _tensors(state: DecoderState) -> dict[str, Tensor]:
    """What a state consists of, by names."""
    found = {f"state_{number}": leaf for number, leaf in enumerate(leaves(state.stack))}
    if state.memory is not None:
        found |= {"memory": state.memory.values, "keys": state.memory.keys, "lengths": state.memory.lengths}
    return found if state.fed is None else {**found, "fed": state.fed}


def _state(given: Mapping[str, Tensor], like: DecoderState) -> DecoderState:
    """The inverse of `_tensors`."""
    stack = unflatten([tensor for name, tensor in given.items() if name.startswith("state_")], like.stack)
    memory = None
    if like.memory is not None:
        values, lengths = given["memory"], given["lengths"]
        valid = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
        memory = Memory(values, given["keys"], lengths, valid)
    return DecoderState(stack, memory, given.get("fed"))
