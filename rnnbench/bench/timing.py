"""Rounds in turn: what is compared runs one after the other, again and again, and only neighbours are compared."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence

import torch

from rnnbench.bench.steps import Step

Times = dict[str, list[float]]
"""Seconds of every round, by what was timed."""

_LEAST_ROUNDS = 3


def time_in_turns(steps: Mapping[str, Step], rounds: int, seconds: float, device: str = "cpu") -> Times:
    """Times every step once a round, each time after a call that does not count.

    A training runs the same step again and again; without that call a step would pay for the memory and the caches
    that another one has left behind: an LSTM took a quarter longer after JAX.

    Args:
        steps: What to time, by name.
        rounds: Number of rounds.
        seconds: No round starts after so many seconds, unless there were fewer than three and ten times as many have
            not passed either.
        device: Where the steps run; a GPU is waited for.
    """
    found: Times = {name: [] for name in steps}
    start = time.perf_counter()
    for done in range(rounds):
        passed = time.perf_counter() - start
        if passed > seconds and (done >= _LEAST_ROUNDS or passed > 10 * seconds):
            break
        for name, step in steps.items():
            step()
            found[name].append(seconds_of(step, device))
    return found


def seconds_of(step: Step, device: str = "cpu") -> float:
    """How long one call takes."""
    _wait(device)
    start = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - start


def ratio(times: Times, name: str, baseline: str) -> float | None:
    """The median over rounds of the ratio within the round; None where one of the two was not timed."""
    if not times.get(name) or not times.get(baseline):
        return None
    return statistics.median(a / b for a, b in zip(times[name], times[baseline], strict=True))


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Over those that there are; None where there is none."""
    known: Sequence[float] = [value for value in values if value is not None]
    return math.exp(statistics.fmean(map(math.log, known))) if known else None


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
