"""Which engine a name means."""

from __future__ import annotations

from typing import Literal, get_args

from rnnbench.cells import RNNCell
from rnnbench.engine.auto import AutoEngine
from rnnbench.engine.base import Engine, cannot_run
from rnnbench.engine.chunkwise import ChunkwiseEngine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.fused import FusedEngine
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine
from rnnbench.errors import UserError, did_you_mean

EngineName = Literal["auto", "fused", "chunkwise", "scan", "triton", "torch", "reference"]

_ENGINES: tuple[Engine, ...] = (
    *(AutoEngine(), FusedEngine(), ChunkwiseEngine(), ScanEngine(), TritonEngine(), TorchEngine(), ReferenceEngine()),
)


def select_engine(cell: RNNCell, name: EngineName = "auto", masked: bool = False) -> Engine:
    """The engine of a name.

    Args:
        cell: The cell to run.
        name: An engine's name. ``auto`` takes the fastest that can run the cell at the first call on each device, and
            logs what it took and why not the faster ones, once for each kind of cell; all others run the cell or say
            why not.
        masked: Whether ``params`` may hold a `state_mask`.

    Raises:
        UserError: No engine has this name, or the named engine cannot run the cell.
    """
    for engine in _ENGINES:
        if engine.name == name:
            reason = engine.refusal(cell, masked)
            if reason is not None:
                raise cannot_run(name, cell, reason)
            return engine
    raise UserError(f"no engine is called {name!r}", where="engine", hint=did_you_mean(name, get_args(EngineName)))
