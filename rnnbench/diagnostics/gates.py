"""How far open gates stand, and how many units are at their limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from rnnbench.diagnostics.unroll import Unrolled

BINS = 20

# Each with its limits, between which it moves.
_KINDS: dict[str, tuple[tuple[Callable[..., Tensor], ...], float, float]] = {
    "sigmoid": ((torch.sigmoid, Tensor.sigmoid, F.sigmoid, F.hardsigmoid, torch.special.expit), 0.0, 1.0),
    "tanh": ((torch.tanh, Tensor.tanh, F.tanh, F.hardtanh), -1.0, 1.0),
}
_KIND_OF = {function: name for name, (functions, _, _) in _KINDS.items() for function in functions}
_PRODUCTS = (torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__)


@dataclass(frozen=True, eq=False)
class Gate:
    """A function with limits that a step applies, over all sequences and valid steps.

    Args:
        name: Such as ``sigmoid 1``: the first sigmoid of a step.
        keeps: The leaf of the state that it multiplies, where it does: then it is what an LSTM calls its forget gate.
        low: Share of its values in the lowest tenth of its range.
        high: Share in the highest tenth.
        mean: Mean value.
        histogram: Shares of its values in 20 equal parts of its range, from the lowest.
    """

    name: str
    keeps: int | None
    low: float
    high: float
    mean: float
    histogram: list[float]


def gates(run: Unrolled) -> list[Gate]:
    """What the sigmoids and the hyperbolic tangents of a cell's `step` give.

    Found by watching the step, for any cell, a user's own included. What a cell computes in `project` is not among
    them, and neither is a function that is spelt out by other means.

    Args:
        run: The cell over time.
    """
    seen: dict[int, list[Tensor]] = {}
    kinds: dict[int, str] = {}
    keeps: dict[int, int | None] = {}

    def loop() -> None:
        for t in range(run.steps):
            valid = run.valid(t)
            with _Watch(run.states[t]) as watch:
                run.cell.step(run.z[:, t], run.states[t])
            for number, (kind, made) in enumerate(watch.made):
                if made.shape[:1] == valid.shape:
                    seen.setdefault(number, []).append(made[valid].flatten())
                    kinds[number] = kind
                    keeps[number] = watch.keeps.get(id(made))

    with torch.no_grad():
        run.within(loop)
    found = []
    counts: dict[str, int] = {}
    for number, parts in seen.items():
        kind = kinds[number]
        counts[kind] = counts.get(kind, 0) + 1
        _, least, most = _KINDS[kind]
        share = (torch.cat(parts) - least) / (most - least)
        if len(share):
            histogram = torch.histc(share, BINS, 0.0, 1.0) / len(share)
            found.append(
                Gate(
                    f"{kind} {counts[kind]}",
                    keeps[number],
                    float((share < 0.1).double().mean()),
                    float((share > 0.9).double().mean()),
                    float(share.mean()) * (most - least) + least,
                    histogram.tolist(),
                )
            )
    return found


class _Watch(TorchFunctionMode):
    """Keeps what functions with limits make, in order, and which of it multiplies a leaf of the state."""

    def __init__(self, state: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.made: list[tuple[str, Tensor]] = []
        self.keeps: dict[int, int] = {}
        self._leaves = {id(leaf): number for number, leaf in enumerate(state)}

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        if function in _KIND_OF:
            self.made.append((_KIND_OF[function], found))
        elif function in _PRODUCTS:
            self._product(args)
        return found

    def _product(self, args: Any) -> None:
        gates = {id(made) for _, made in self.made}
        for one, other in (args[:2], args[1::-1]):
            if id(one) in gates and id(other) in self._leaves:
                self.keeps[id(one)] = self._leaves[id(other)]
