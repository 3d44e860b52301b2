"""The engine `auto`: above the others, the fastest that runs a cell where the cell is."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnbench.cells import RNNCell, State
from rnnbench.engine.base import Engine
from rnnbench.engine.chunkwise import ChunkwiseEngine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.fused import FusedEngine
from rnnbench.engine.precision import loop_dtype, low_dtype
from rnnbench.engine.prove import disproof
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine
from rnnbench.engine.traced.prepare import options_of

log = logging.getLogger(__name__)

_CPU = torch.device("cpu")
_REFERENCE = ReferenceEngine()
# Fastest first; the last refuses nothing. torch.nn's layers are cuDNN's on CUDA.
_ENGINES: dict[str, tuple[Engine, ...]] = {
    "cpu": (FusedEngine(), ChunkwiseEngine(), TorchEngine(), _REFERENCE),
    "cuda": (TorchEngine(), ChunkwiseEngine(), ScanEngine(), TritonEngine(), _REFERENCE),
}
# On a device without an engine of its own, whatever torch has.
_ELSEWHERE: tuple[Engine, ...] = (TorchEngine(), ChunkwiseEngine(), _REFERENCE)
# Where this package's own tests compare engines with the reference, and where there are no numbers to compare.
_PROVEN = ("cpu", "meta")


class AutoEngine(Engine):
    """Takes the fastest engine that runs a cell, at the first call on each device, and says why not the others."""

    name = "auto"

    def __init__(self) -> None:
        # Beside the cells, as plans are.
        self._taken: WeakKeyDictionary[RNNCell, dict[tuple[object, ...], Engine]] = WeakKeyDictionary()

    def __reduce__(self) -> tuple[type[AutoEngine], tuple[()]]:
        # What was chosen is found again where the cells are copied or sent to.
        return AutoEngine, ()

    def refusal(
        self,
        cell: RNNCell,
        masked: bool = False,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> str | None:
        """Refuses nothing."""
        return None

    def run(
        self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """See `Engine.run`."""
        return self.engine_for(cell, params, x, state).run(cell, params, x, state, lengths)

    def running(self, cell: RNNCell) -> set[str]:
        """See `Engine.running`; none before the first call."""
        return {engine.name for engine in self._taken.get(cell, {}).values()}

    def engine_for(self, cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State) -> Engine:
        """The engine that runs a call; takes what `run` does."""
        masked = params.get(cell.state_mask_names()[0]) is not None
        key = (x.device, x.dtype, state[0].dtype, low_dtype(x, state), masked, options_of(cell))
        taken = self._taken.setdefault(cell, {})
        if key not in taken:
            taken[key] = _choose(cell, params, x, state, masked)
        return taken[key]


def fastest_engine(
    cell: RNNCell,
    masked: bool = False,
    device: torch.device = _CPU,
    dtype: torch.dtype | None = None,
    disproven: Callable[[Engine], str | None] = lambda engine: None,
) -> tuple[Engine, str]:
    """The fastest engine for a cell.

    Args:
        cell: The cell to run.
        masked: Whether ``params`` may hold a `state_mask`.
        device: Where it is to run.
        dtype: The loop's type of numbers, where it is to run now.
        disproven: Why an engine that does not refuse the cell is not to be trusted with it after all.

    Returns:
        The engine, and why none of the faster ones, in words that go on with a sentence.
    """
    refusals = ""
    for engine in _ENGINES.get(device.type, _ELSEWHERE):
        reason = engine.refusal(cell, masked, device, dtype)
        if reason is None and engine is not _REFERENCE:
            reason = disproven(engine)
        if reason is None:
            break
        refusals += f"; not on {engine.name}: {reason}"
    return engine, refusals


def _choose(cell: RNNCell, params: Mapping[str, Tensor], x: Tensor, state: State, masked: bool) -> Engine:
    def disproven(engine: Engine) -> str | None:
        return None if x.device.type in _PROVEN else disproof(engine, cell, params, x, state)

    engine, refusals = fastest_engine(cell, masked, x.device, loop_dtype(state), disproven)
    where = "" if x.device.type == "cpu" else f" on {x.device.type}"
    _log_once(f"{type(cell).__name__} runs on the {engine.name} engine{where}{refusals}")
    return engine


@functools.cache
def _log_once(message: str) -> None:
    log.info(message)
