"""Which engine runs a cell."""

from __future__ import annotations

import functools
import logging
from typing import Literal, get_args

from rnnbench.cells import RNNCell
from rnnbench.engine.base import Engine, first_that_runs
from rnnbench.engine.chunkwise import ChunkwiseEngine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.fused import FusedEngine
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine
from rnnbench.errors import UserError, did_you_mean

EngineName = Literal["auto", "fused", "chunkwise", "scan", "triton", "torch", "reference"]

log = logging.getLogger(__name__)

# Fastest first on a CPU: `auto` takes the first that does not refuse the cell. On another device the fused engine asks
# `engine_on` at every call: a cell is on the CPU when its engine is chosen, and moves later.
_ENGINES: tuple[Engine, ...] = (FusedEngine(), ChunkwiseEngine(), TorchEngine(), ReferenceEngine())
# Taken by `auto` on CUDA alone; named, they run there or say why not.
_CUDA_ENGINES: tuple[Engine, ...] = (ScanEngine(), TritonEngine())


def select_engine(cell: RNNCell, name: EngineName = "auto", masked: bool = False) -> Engine:
    """The engine that runs a cell.

    Args:
        cell: The cell to run.
        name: An engine's name, or ``auto`` for the fastest that can run the cell; what it took and why not the faster
            ones is logged once for each kind of cell.
        masked: Whether ``params`` may hold a `state_mask`.

    Raises:
        UserError: No engine has this name, or the named engine cannot run the cell.
    """
    if name == "auto":
        engine, refusals = fastest_engine(cell, masked)
        _log_once(f"{type(cell).__name__} runs on the {engine.name} engine{refusals}")
        return engine
    for engine in (*_ENGINES, *_CUDA_ENGINES):
        if engine.name == name:
            reason = engine.refusal(cell, masked)
            if reason is not None:
                raise UserError(f"the {name} engine cannot run {type(cell).__name__}: {reason}", hint="engine: auto")
            return engine
    known = get_args(EngineName)
    raise UserError(f"no engine is called {name!r}", where="engine", hint=did_you_mean(name, known))


def fastest_engine(cell: RNNCell, masked: bool = False) -> tuple[Engine, str]:
    """The fastest engine for a cell on a CPU.

    Args:
        cell: The cell to run.
        masked: Whether ``params`` may hold a `state_mask`.

    Returns:
        The engine, and why none of the faster ones, in words that go on with a sentence.
    """
    return first_that_runs(_ENGINES, cell, masked)


@functools.cache
def _log_once(message: str) -> None:
    log.info(message)
