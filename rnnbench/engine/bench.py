"""``make bench``: how long a training step takes, as a ratio to torch.nn inside one run."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from rnnbench.cells import GRU, LSTM, Elman, RNNCell
from rnnbench.engine import EngineName, select_engine

SHAPES = ((50, 32, 128, 128), (100, 32, 256, 256), (35, 20, 650, 650))
_CASES: tuple[tuple[str, type[RNNCell], type[nn.RNNBase]], ...] = (
    ("LSTM", LSTM, nn.LSTM),
    ("GRU", GRU, nn.GRU),
    ("Elman", Elman, nn.RNN),
)


def main() -> None:
    """Prints a table: rows are cells and engines, columns shapes (T, B, I, H)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed, in turns")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"training step of one layer / that of torch.nn, median of {arguments.rounds} rounds in turns,")
    print(f"{arguments.threads} thread(s), torch {torch.__version__}; columns: T, B, I, H\n")
    print("| cell (engine) / torch.nn | " + " | ".join(", ".join(map(str, shape)) for shape in SHAPES) + " |")
    print("|---" * (len(SHAPES) + 1) + "|")
    ratios = {shape: _ratios(shape, arguments.rounds) for shape in SHAPES}
    for label in ratios[SHAPES[0]]:
        print(f"| {label} | " + " | ".join(f"{ratios[shape][label]:.2f}" for shape in SHAPES) + " |")


def _ratios(shape: tuple[int, int, int, int], rounds: int) -> dict[str, float]:
    time_steps, batch, inputs, hidden = shape
    x = torch.randn(batch, time_steps, inputs, requires_grad=True)
    found: dict[str, float] = {}
    for name, cell_class, layer_class in _CASES:
        layer = layer_class(inputs, hidden, batch_first=True)  # type: ignore[call-arg, arg-type]
        steps = {"torch.nn": _step(lambda layer=layer: layer(x)[0])}  # type: ignore[misc]
        engines: tuple[EngineName, ...] = ("fused", "torch", "reference")
        for engine in engines:
            steps[engine] = _step(_runner(cell_class(inputs, hidden), engine, x))
        times: dict[str, list[float]] = {label: [] for label in steps}
        for step in steps.values():
            step()
        for _ in range(rounds):
            for label, step in steps.items():
                start = time.perf_counter()
                step()
                times[label].append(time.perf_counter() - start)
        for engine in engines:
            pairs = zip(times[engine], times["torch.nn"], strict=True)
            found[f"{name} ({engine})"] = statistics.median(a / b for a, b in pairs)
    return found


def _runner(cell: RNNCell, engine: EngineName, x: torch.Tensor) -> Callable[[], torch.Tensor]:
    chosen = select_engine(cell, engine)
    params = dict(cell.named_parameters())
    return lambda: chosen.run(cell, params, x, cell.initial_state(len(x), x), None)[0]


def _step(forward: Callable[[], torch.Tensor]) -> Callable[[], None]:
    return lambda: forward().sum().backward()


if __name__ == "__main__":
    main()
