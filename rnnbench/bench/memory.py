"""Peak memory of a training step.

On the CPU that is what the process holds at most during a step beyond what it held before it (input, weights,
libraries): activations, gradients and whatever an engine takes, no matter which allocator it comes from. Linux counts
it, and can be told to start anew. The C library must give freed tensors back at once (`ENVIRONMENT`), or the peak would
hide in what an earlier step left behind.
"""

from __future__ import annotations

from pathlib import Path

import torch

from rnnbench.bench.fresh import Failed
from rnnbench.bench.shapes import Shape
from rnnbench.bench.steps import Step, engine_step, full_batch, layer_step, make_layer
from rnnbench.bench.subjects import LayerName, find_cell
from rnnbench.engine import EngineName
from rnnbench.machine import return_freed_memory

ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_TOP_PAD_": "0"}
"""Variables that must be set before the process starts."""

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def cell_peak(cell_name: str, engine: EngineName, shape: Shape, device: str) -> int:
    """Bytes that a cell's training step takes; to be called in a fresh process with `ENVIRONMENT`."""
    cell = find_cell(cell_name)(shape.inputs, shape.hidden).to(device)
    return peak(engine_step(cell, engine, [full_batch(shape, cell.output_size, device)]), device)


def layer_peak(name: LayerName, shape: Shape, device: str) -> int:
    """Bytes that the training step of a layer of torch.nn takes; called as `cell_peak`."""
    layer = make_layer(name, shape, device)
    return peak(layer_step(layer, [full_batch(shape, shape.hidden, device)]), device)


def peak(step: Step, device: str) -> int:
    """Bytes that a step takes beyond what is there before it; to be called in a fresh process with `ENVIRONMENT`."""
    # What is made once (code, thread pools, buffers of libraries) is no part of it.
    step()
    step()
    if device.startswith("cuda"):
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        step()
        return torch.cuda.max_memory_allocated(device) - before
    # A step that found room in what the making of the data has left behind would seem to take nothing.
    return_freed_memory()
    try:
        _RESET.write_text("5", encoding="ascii")
        before = _status("VmRSS")
        step()
        return _status("VmHWM") - before
    except OSError as error:
        raise Failed(f"this system does not count peak memory: {error}") from None


def _status(key: str) -> int:
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{key}:"):
            return 1024 * int(line.split()[1])
    raise OSError(f"{_STATUS} has no {key}")
