"""``python -m rnnbench.engine.cuda.bench``: one table of a GPU, in under ten minutes, to be sent as it is printed.

For each cell, engine and shape: the time of a training step of one layer as a ratio to torch.nn.LSTM's, which is
cuDNN's; the milliseconds; what the host launched in a step; and the memory that a step takes beyond parameters.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnbench import cells
from rnnbench.cells import RNNCell
from rnnbench.engine.base import Engine
from rnnbench.engine.chunkwise import ChunkwiseEngine
from rnnbench.engine.cuda import ScanEngine, TritonEngine
from rnnbench.engine.precision import recurrent_precision
from rnnbench.engine.prove import disproof
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.engine.torch_layers import TorchEngine

Shape = tuple[int, int, int, int]
SHAPES: tuple[Shape, ...] = ((50, 32, 128, 128), (100, 32, 256, 256), (200, 64, 512, 512), (35, 20, 650, 650))
CELLS = ("LSTM", "GRU", "Elman", "PeepholeLSTM", "LayerNormLSTM", "SRU", "MinGRU", "LRU", "MatrixLSTM")
_ENGINES: tuple[Engine, ...] = (TorchEngine(), ChunkwiseEngine(), ScanEngine(), TritonEngine(), ReferenceEngine())
_CUDNN = "torch.nn.LSTM"
_WARM = 3  # kernels are compiled and loops captured the first time


class Measured(NamedTuple):
    """One entry of the table.

    Args:
        ratio: Time of a step over that of torch.nn.LSTM in the same round, the median.
        milliseconds: The median time.
        launches: Kernels, graphs and copies that the host launched in a step.
        bytes: The most that a step had allocated beyond what was there before.
    """

    ratio: float
    milliseconds: float
    launches: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.ratio:.2f} ({self.milliseconds:.2f} ms, {self.launches}, {self.bytes / 2**20:.0f} MiB)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 2 where there is no GPU."""
    parser = argparse.ArgumentParser(prog="python -m rnnbench.engine.cuda.bench", description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0, help="after so many, shapes that are left are left out")
    parser.add_argument("--rounds", type=int, default=10, help="how often each is timed, in turns")
    parser.add_argument("--bf16", action="store_true", help="under autocast to bfloat16")
    parser.add_argument("--tf32", action="store_true", help="float32 products in TensorFloat-32")
    parser.add_argument("--ragged", action="store_true", help="lengths from T / 2 to T; torch.nn.LSTM runs over all T")
    parser.add_argument("--cells", nargs="+", default=list(CELLS), choices=sorted(cells.__all__), metavar="CELL")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        print("error: there is no CUDA device here, and nothing else is measured by this command", file=sys.stderr)
        return 2
    if options.tf32:
        torch.set_float32_matmul_precision("high")
    with torch.autocast("cuda", torch.bfloat16, enabled=options.bf16):
        print(_circumstances())
        end = time.monotonic() + 60 * options.minutes
        columns: dict[Shape, dict[str, Measured | str]] = {}
        for shape in SHAPES:
            if time.monotonic() < end:
                columns[shape] = _column(shape, options.cells, options.rounds, options.ragged, end)
    print(_table(columns))
    left = [shape for shape in SHAPES if shape not in columns]
    if left:
        print(f"\nleft out after {options.minutes:g} minutes: {left}")
    return 0


def _circumstances() -> str:
    properties = torch.cuda.get_device_properties(0)
    try:
        triton = version("triton")
    except PackageNotFoundError:
        triton = "none"
    return (
        f"{properties.name} (sm_{properties.major}{properties.minor}, {properties.multi_processor_count} SMs,"
        f" {properties.total_memory / 2**30:.0f} GiB), torch {torch.__version__}, CUDA {torch.version.cuda},"
        f" cuDNN {torch.backends.cudnn.version()}, triton {triton};"
        f" recurrent products in {recurrent_precision('cuda', torch.float32)}\n"
        "training step of one layer / that of torch.nn.LSTM (ms, launches, memory); columns: T, B, I, H\n"
    )


def _column(shape: Shape, names: Sequence[str], rounds: int, ragged: bool, end: float) -> dict[str, Measured | str]:
    """All cells and engines at one shape; text where an engine refuses, fails or gives other numbers."""
    time_steps, batch, inputs, hidden = shape
    x = torch.randn(batch, time_steps, inputs, device="cuda", requires_grad=True)
    lengths = torch.linspace(time_steps // 2, time_steps, batch).long() if ragged else None
    layer = nn.LSTM(inputs, hidden, batch_first=True).cuda()
    steps: dict[str, Callable[[], Tensor]] = {_CUDNN: lambda: layer(x)[0]}
    found: dict[str, Measured | str] = {}
    for name in names:
        cell = getattr(cells, name)(inputs, hidden).cuda()
        for engine in _ENGINES:
            label = f"{name} ({engine.name})"
            reason = engine.refusal(cell, device=x.device)
            if reason is None and not isinstance(engine, ReferenceEngine):
                reason = disproof(engine, cell, dict(cell.named_parameters()), x, cell.initial_state(batch, x))
            if reason is None:
                steps[label] = _runner(engine, cell, x, lengths)
            else:
                found[label] = f"no: {reason}"
    found |= _measure(steps, rounds, end)
    return {label: found[label] for label in (_CUDNN, *(label for label in found if label != _CUDNN))}


def _measure(steps: dict[str, Callable[[], Tensor]], rounds: int, end: float) -> dict[str, Measured]:
    launches, memory = {}, {}
    for label, step in steps.items():
        for _ in range(_WARM):
            step().sum().backward()
        launches[label], memory[label] = _launches(step), _memory(step)
    times: dict[str, list[float]] = {label: [] for label in steps}
    for number in range(rounds):
        if number and time.monotonic() > end:
            break
        for label, step in steps.items():
            times[label].append(_milliseconds(step))
    return {
        label: Measured(
            statistics.median(a / b for a, b in zip(times[label], times[_CUDNN], strict=True)),
            statistics.median(times[label]),
            launches[label],
            memory[label],
        )
        for label in steps
    }


def _milliseconds(step: Callable[[], Tensor]) -> float:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    step().sum().backward()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def _launches(step: Callable[[], Tensor]) -> int:
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        step().sum().backward()
        torch.cuda.synchronize()
    calls = ("cudaLaunch", "cuLaunch", "cudaGraphLaunch", "cudaMemcpyAsync", "cudaMemsetAsync")
    return sum(event.count for event in profile.key_averages() if event.key.startswith(calls))


def _memory(step: Callable[[], Tensor]) -> int:
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step().sum().backward()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def _runner(engine: Engine, cell: RNNCell, x: Tensor, lengths: Tensor | None) -> Callable[[], Tensor]:
    params = dict(cell.named_parameters())
    return lambda: engine.run(cell, params, x, cell.initial_state(len(x), x), lengths)[0]


def _table(columns: dict[Shape, dict[str, Measured | str]]) -> str:
    shapes = list(columns)
    lines = ["| cell (engine) | " + " | ".join(", ".join(map(str, shape)) for shape in shapes) + " |"]
    lines.append("|---" * (len(shapes) + 1) + "|")
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    for label in labels:
        lines.append(f"| {label} | " + " | ".join(str(columns[shape].get(label, "")) for shape in shapes) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
