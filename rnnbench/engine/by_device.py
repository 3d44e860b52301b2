"""Which engine runs a cell that is not on the CPU."""

from __future__ import annotations

import functools
import logging

from rnnbench.cells import RNNCell
from rnnbench.engine.base import Engine, first_that_runs
from rnnbench.engine.chunkwise import ChunkwiseEngine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine

log = logging.getLogger(__name__)

# Fastest first. torch.nn's layers are cuDNN's on CUDA; on a device without an engine of its own, whatever torch has.
_ON_CUDA: tuple[Engine, ...] = (TorchEngine(), ChunkwiseEngine(), ScanEngine(), TritonEngine(), ReferenceEngine())
_ELSEWHERE: tuple[Engine, ...] = (TorchEngine(), ChunkwiseEngine(), ReferenceEngine())


def engine_on(device: str, cell: RNNCell, masked: bool) -> Engine:
    """The fastest engine for a cell on a device other than the CPU.

    A cell is on the CPU when `select_engine` chooses and moves later, so this is asked at every call. What is taken,
    and why not what is faster, is logged once for each kind of cell.

    Args:
        device: Type of the device, ``cuda`` for one.
        cell: The cell.
        masked: Whether ``params`` may hold a `state_mask`.
    """
    engine, refusals = first_that_runs(_ON_CUDA if device == "cuda" else _ELSEWHERE, cell, masked)
    _log_once(f"{type(cell).__name__} runs on the {engine.name} engine on {device}{refusals}")
    return engine


@functools.cache
def _log_once(message: str) -> None:
    log.info(message)
