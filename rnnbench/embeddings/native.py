"""`WordNetwork.learn` as native code, in several threads if wanted."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.network import Lost, WordNetwork
from rnnbench.embeddings.outputs import HierarchicalSoftmax, NegativeSampling
from rnnbench.embeddings.windows import PIECE
from rnnbench.engine.fused.build import BuildError, load
from rnnbench.engine.fused.native import native_source, shipped

_POINTER = ctypes.c_void_p
_NUMBER = ctypes.c_int64


class _Pass(ctypes.Structure):
    """The struct of the same name in pass.cpp."""

    _fields_ = [
        *(
            (name, _NUMBER)
            for name in ("size", "tokens", "place", "window", "end", "unknown", "bag", "together", "corrected")
        ),
        ("threads", _NUMBER),
        ("key", ctypes.c_uint64),
        *((name, _POINTER) for name in ("text", "keep", "row_offsets", "rows", "inputs", "outputs")),
        *((name, _NUMBER) for name in ("words", "negatives")),
        *((name, _POINTER) for name in ("noise_bounds", "noise_others", "code_offsets", "nodes", "bits")),
        ("most_targets", _NUMBER),
        *((name, _POINTER) for name in ("rates", "lost", "pairs")),
        *((name, _NUMBER) for name in ("next", "failed")),
    ]


def refusal(network: WordNetwork) -> str | None:
    """Why a network does not learn natively, in words that end a sentence; None where it does."""
    weight = network.weight
    if weight.device.type != "cpu":
        return f"native code has no way to {weight.device.type}"
    if weight.dtype not in (torch.float32, torch.float64):
        return f"there is none for {weight.dtype}"
    if type(network.output) not in (NegativeSampling, HierarchicalSoftmax):
        return f"it does not know {type(network.output).__name__}"
    try:
        _library(weight.dtype == torch.float32)
    except BuildError as error:
        return str(error)
    return None


def learn(
    network: WordNetwork,
    tokens: NDArray[Any],
    place: int,
    draws: Draws,
    rate: Callable[[int], float],
    threads: int = 1,
) -> Lost:
    """What `WordNetwork.learn` does, with a step after every window, or every input.

    Args:
        network: The network; its tables are changed in place.
        tokens: See there.
        place: See there.
        draws: See there.
        rate: See there.
        threads: With one, the same numbers give the same bits; several write to the tables at once, without locks, and
            what one reads of another's steps depends on when.

    Raises:
        MemoryError: There is not enough of it.
    """
    reading, output = network.reading, network.output
    starts = range(0, len(tokens), PIECE)
    rates = np.array([rate(place + start) for start in starts])
    lost, pairs = np.zeros(len(rates)), np.zeros(len(rates), dtype=np.int64)
    text = np.ascontiguousarray(tokens, dtype=np.int32)
    found = _Pass(
        size=network.weight.shape[1],
        tokens=len(text),
        place=place,
        window=reading.window,
        end=reading.end,
        unknown=reading.unknown,
        bag=network.bag,
        together=output.together,
        corrected=network.corrected,
        threads=threads,
        key=draws.key,
        text=text.ctypes.data,
        keep=reading.keep.ctypes.data,
        inputs=network.weight.data_ptr(),
        outputs=output.weight.data_ptr(),
        words=network.num_words,
        most_targets=output.most_targets(),
        rates=rates.ctypes.data,
        lost=lost.ctypes.data,
        pairs=pairs.ctypes.data,
    )
    if network.rows is not None:
        found.row_offsets, found.rows = network.rows.offsets.ctypes.data, network.rows.rows.ctypes.data
    if isinstance(output, NegativeSampling):
        found.negatives = output.negatives
        found.noise_bounds, found.noise_others = output.noise.bounds.ctypes.data, output.noise.others.ctypes.data
    else:
        assert isinstance(output, HierarchicalSoftmax)
        codes = output.codes
        found.code_offsets, found.nodes, found.bits = (part.ctypes.data for part in codes)
    # Threads of its own, a few for each batch: those of OpenMP do not survive a fork.
    if _library(network.weight.dtype == torch.float32).rnnbench_pass(ctypes.byref(found), _POINTER(None)):
        raise MemoryError("no room for the vectors of a window")
    return Lost(float(lost.sum()), int(pairs.sum()))


@functools.cache
def _library(single: bool) -> ctypes.CDLL:
    own = (files(__package__) / "pass.cpp").read_text(encoding="utf-8")
    return load(native_source(single, shipped("row_math.cpp"), shipped("parallel.cpp"), own))
