"""The tables of docs/scale.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rnnbench.bench.empty_runs import LauncherName
from rnnbench.bench.growth import Sizes, slope
from rnnbench.bench.many_processes import BACKWARD, BUCKET, Network, step
from rnnbench.bench.stragglers import Slowest
from rnnbench.bench.two_processes import Steps

GOAL = 0.9
RUNS = 10_000
NETWORKS = {
    "25 GbE (3.1 GB/s, 30 us)": Network(25e9 / 8, 30e-6),
    "NVLink-like (300 GB/s, 3 us)": Network(300e9, 3e-6),
}
"""Assumed, not measured: what the links are sold as."""
_ASSUMED_COMPUTE, _ASSUMED_GRADIENT = 0.1, 400_000_000

_NAMES = {"time": "T, time steps", "batch": "B, batch", "hidden": "H, hidden units", "vocabulary": "V, vocabulary"}


class Grown(NamedTuple):
    """The cost of a training step against one size."""

    field: str
    values: tuple[int, ...]
    seconds: tuple[float, ...]
    memory: tuple[int, ...]
    """Bytes."""


class Study(NamedTuple):
    """What a study of empty runs takes."""

    workers: int
    start: float
    """Seconds before the first run."""
    a_run: float
    """Seconds of each, all workers together."""


class Found(NamedTuple):
    """All that was measured."""

    base: Sizes
    grown: Sequence[Grown]
    epochs: Mapping[int, float]
    """Rows -> seconds of an epoch."""
    steps: Steps
    gloo: Network
    slowest: Mapping[str, Mapping[int, Slowest]]
    """Size of a batch -> processes -> the slowest over the mean."""
    studies: Mapping[LauncherName, Study]
    seconds: float
    """Of the whole measurement."""


def render(found: Found, command: str, known: Mapping[str, str]) -> str:
    """Markdown.

    Args:
        found: What was measured.
        command: What measured it.
        known: Circumstances of the measurement.
    """
    parts = [
        f"`{command}`, {found.seconds / 60:.1f} minutes: {known['machine']}; {known['versions']}; commit"
        f" {known['commit']}, {known['date']}; load before the start {known['load before the start']}.",
        _growth(found),
        _two_processes(found),
        _slowest(found),
        _many_processes(found),
        _studies(found),
    ]
    return "\n\n".join(parts)


def _growth(found: Found) -> str:
    rows = [
        [
            _NAMES[one.field],
            _list(f"{value:,}" for value in one.values),
            f"{_list(f'{1e3 * value:.0f}' for value in one.seconds)} ms",
            f"{slope(one.values, one.seconds):.2f}",
            f"{_list(f'{value / 1e6:.0f}' for value in one.memory)} MB",
            f"{slope(one.values, one.memory):.2f}",
        ]
        for one in found.grown
    ]
    epochs = found.epochs
    rows.append(
        [
            "rows, an epoch",
            _list(f"{value:,}" for value in epochs),
            f"{_list(f'{value:.1f}' for value in epochs.values())} s",
            f"{slope(epochs, epochs.values()):.2f}",
            "-",
            "-",
        ]
    )
    base = found.base
    text = (
        f"**Sizes.** A training step of an LSTM language model on one core; where nothing else is said T = {base.time},"
        f" B = {base.batch}, H = {base.hidden} (the embedding, too), V = {base.vocabulary:,}. Peak memory with weights,"
        " gradients and Adam's two averages. The slope is the power k in cost = a size^k, by least squares of the"
        " logarithms."
    )
    return f"{text}\n\n{_table(['what grows', 'sizes', 'time', 'slope', 'peak memory', 'slope'], rows)}"


def _two_processes(found: Found) -> str:
    steps, gloo = found.steps, found.gloo
    modelled = step(2, steps.apart, 1.0, steps.gradient, gloo)
    text = (
        "**Two processes, measured.** `text_generation/char_lstm` by `rnnbench fit`, a core each: two trainings that"
        " know nothing of each other, and one with `--trainer.strategy ddp --trainer.devices 2`. Two processes sum up"
        f" bytes over gloo here at W = {gloo.bandwidth / 1e9:.2f} GB/s and L = {1e6 * gloo.latency:.0f} us; with these"
        " the model below, which knows no training of two, says the third row."
    )
    rows = [
        ["two trainings apart, ms a step", f"{1e3 * steps.apart:.1f}"],
        ["one training together, ms a step", f"{1e3 * steps.together:.1f}"],
        ["the same by the model", f"{1e3 * modelled.seconds:.1f}"],
        [
            f"efficiency (goal: {GOAL})",
            f"{steps.efficiency:.2f}, {'met' if steps.efficiency >= GOAL else '**missed**'}",
        ],
        ["efficiency by the model", f"{steps.apart / modelled.seconds:.2f}"],
    ]
    return f"{text}\n\n{_table(['', f'G = {steps.gradient / 1e6:.1f} MB'], rows)}"


def _slowest(found: Found) -> str:
    text = (
        "**The slowest of P, from real lengths.** Lines of the standard library's source code (`cloze/builtin`) in"
        " batches of one size, which take as long as they have places, padding included: the slowest of P processes"
        " over the mean. *At random*: each draws any batch. *Neighbours*: batches of about equal length make a step,"
        " as they do here."
    )
    head = ["P", *(f"{budget}, {way}" for budget in found.slowest for way in ("at random", "neighbours"))]
    rows = []
    for number in next(iter(found.slowest.values())):
        row = [f"{number:,}"]
        for by_number in found.slowest.values():
            one = by_number[number]
            row += [f"{one.at_random:.2f}", "-" if one.neighbours is None else f"{one.neighbours:.2f}"]
        rows.append(row)
    return f"{text}\n\n{_table(head, rows)}"


def _many_processes(found: Found) -> str:
    text = (
        "**Many processes, modelled.** Nothing of this was measured; the links are assumptions, and so is the second"
        " model, of 100 million parameters. A step takes as long as the slowest of P computes, and what of the"
        " all-reduce is not hidden: a ring takes 2 (P - 1) / P G / W + 2 (P - 1) L, and hides behind"
        f" {BACKWARD:.0%} of the computing, but for the last {BUCKET / 2**20:.0f} MiB. The slowest is that of"
        " neighbours in batches of so many tokens, or where an epoch has no P batches of any. In the table:"
        " milliseconds, and the efficiency, the mean of the computing over the step."
    )
    cases = {
        f"{1e3 * compute:.0f} ms, {size / 1e6:,.1f} MB": (compute, size)
        for compute, size in (
            (found.steps.apart, found.steps.gradient),
            (_ASSUMED_COMPUTE, _ASSUMED_GRADIENT),
        )
    }
    by_number = list(found.slowest.values())[-1]
    rows = []
    for number, slow in by_number.items():
        row = [f"{number:,}"]
        for compute, size in cases.values():
            for network in NETWORKS.values():
                one = step(number, compute, slow.neighbours or slow.at_random, size, network)
                row.append(f"{1e3 * one.seconds:.0f} ({compute / one.seconds:.2f})")
        rows.append(row)
    head = ["P", *(f"{case}, {network}" for case in cases for network in NETWORKS)]
    return f"{text}\n\n{_table(head, rows)}"


def _studies(found: Found) -> str:
    text = (
        "**Many runs.** Studies of runs that do nothing, by the launcher of `rnnbench study`: what is left is the"
        " scheduling."
    )
    rows = [
        [name, str(one.workers), f"{one.start:.1f} s", f"{1e3 * one.a_run:.0f} ms", f"{RUNS * one.a_run / 60:.1f} min"]
        for name, one in found.studies.items()
    ]
    if "ray" not in found.studies:
        rows.append(["ray", "-", "not measured: Ray is not installed here", "-", "-"])
    head = ["launcher", "at a time", "start", "a run", f"{RUNS:,} runs"]
    return f"{text}\n\n{_table(head, rows)}"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
