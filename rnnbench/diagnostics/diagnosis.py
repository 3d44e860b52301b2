"""All that is known of a cell's memory, as numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from rnnbench.cells import NTM
from rnnbench.diagnostics.files import CURVES, FLOW, GATES, HEADS, MEMORY, NUMBERS
from rnnbench.diagnostics.flow import Flow, at_last_step, gradient_flow, reach
from rnnbench.diagnostics.gates import Gate, gates
from rnnbench.diagnostics.jacobian import LARGEST, Spectrum, lyapunov, rest_radius, size_of, spectrum
from rnnbench.diagnostics.record import Recording
from rnnbench.diagnostics.truncation import Truncation, truncation
from rnnbench.diagnostics.unroll import Unrolled
from rnnbench.diagnostics.weights import Weight, recurrent_weights
from rnnbench.errors import UserError
from rnnbench.safe_files import csv_text, replace_bytes

SEQUENCES = 32
"""Most sequences of a batch that are looked at."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Diagnosis:
    """What is known of one cell of a model.

    Args:
        name: Which cell of the model.
        cell: Name of its class.
        hidden_size: Its width H.
        state_size: How many numbers its state has.
        sequences: Number of sequences looked at.
        steps: Number T of steps.
        flow: Norms of gradients over lags.
        gamma: Spectral radius of the cell linearised at rest; None where its state is too large.
        exponents: The largest Lyapunov exponent of each sequence, in nats a step.
        spectrum: Products of Jacobians along the longest sequence; None where its state is too large.
        gates: Functions with limits in its step.
        weights: Its recurrent matrices.
        truncation: What truncated backpropagation leaves out.
        heads: Weights of the heads of a memory along the longest sequence, by name, ``(T, N)``; none without a memory.
    """

    name: str
    cell: str
    hidden_size: int
    state_size: int
    sequences: int
    steps: int
    flow: Flow
    gamma: float | None
    exponents: list[float]
    spectrum: Spectrum | None
    gates: list[Gate]
    weights: list[Weight]
    truncation: list[Truncation]
    heads: Mapping[str, Tensor]

    @property
    def exponent(self) -> float | None:
        """Median of the exponents; None where no sequence is long enough."""
        known = [one for one in self.exponents if not math.isnan(one)]
        return median(known) if known else None

    def predicted(self, lag: int) -> dict[str, float | None]:
        """What theory says of the norm at a lag, relative to lag 1: gamma^(lag - 1), and exp of the exponent's."""
        exponent = self.exponent
        return {
            "linearised": None if self.gamma is None else _power(self.gamma, lag - 1),
            "exponent": None if exponent is None else _power(math.exp(exponent), lag - 1),
        }

    def half_lives(self) -> list[float]:
        """Of all units of all leaves, rising; none where the state is too large."""
        return sorted(one for leaf in self.spectrum.half_lives for one in leaf) if self.spectrum else []

    def plain(self) -> dict[str, Any]:
        """As JSON holds it: what is infinite or unknown is null."""
        curve = self.flow.summary()
        found: dict[str, Any] = {
            "name": self.name,
            "cell": self.cell,
            "hidden_size": self.hidden_size,
            "state_size": self.state_size,
            "sequences": self.sequences,
            "steps": self.steps,
            "gradient": {
                **curve,
                "growth_per_step": self.flow.growth(),
                "one_percent_left_at": reach(curve["median"]),
            },
            "linearised_radius": self.gamma,
            "lyapunov_exponents": self.exponents,
            "gates": [vars(one) for one in self.gates],
            "recurrent_weights": [one._asdict() for one in self.weights],
            "truncation": [one._asdict() for one in self.truncation],
        }
        if self.spectrum is None:
            found["jacobians"] = None
            if self.state_size > LARGEST:
                found["why_no_jacobians"] = f"the state has {self.state_size:,} numbers, more than {LARGEST:,}"
        else:
            found["jacobians"] = {
                "log_singular_values": {str(n): values for n, values in self.spectrum.singular_values.items()},
                "half_lives": self.spectrum.half_lives,
                "kept": [_histogram(leaf) for leaf in self.spectrum.kept],
            }
        return _finite(found)


def diagnose(recording: Recording, sequences: int = SEQUENCES, whole: bool = True) -> Diagnosis:
    """Looks at a run of a cell.

    Args:
        recording: The run, after the backward pass of the model's loss; without one, a direction drawn at random at the
            last step takes the place of what the loss hands down.
        sequences: Most sequences to look at, the first ones of the batch.
        whole: Whether Jacobians and truncation are looked at too, which takes most of the time.
    """
    run, given = recording.unroll(sequences), recording.gradient(sequences)
    if given is None or not bool((given != 0).any()):
        given = at_last_step(run)
    cell = recording.cell
    return Diagnosis(
        name=recording.name,
        cell=type(cell).__name__,
        hidden_size=cell.hidden_size,
        state_size=size_of(run.states[0]),
        sequences=len(run.lengths),
        steps=run.steps,
        flow=gradient_flow(run, given),
        gamma=rest_radius(cell, run.params) if whole else None,
        exponents=lyapunov(run),
        spectrum=_spectrum(run) if whole else None,
        gates=gates(run),
        weights=recurrent_weights(cell, run.params),
        truncation=truncation(run, given) if whole else [],
        heads=heads(run),
    )


def write(folder: Path, found: Sequence[Diagnosis], facts: Mapping[str, Any]) -> list[Path]:
    """Writes numbers, curves and pictures; all is made before anything is written.

    Args:
        folder: Where; it is made where there is none.
        found: What was found, at least one.
        facts: What else stands in the JSON file.

    Returns:
        The files.

    Raises:
        UserError: The folder cannot be made, or a file cannot be written.
    """
    from rnnbench.diagnostics.pictures import draw_flow, draw_gates, draw_heads, draw_memory

    numbers = json.dumps({**facts, "cells": [one.plain() for one in found]}, indent=1, allow_nan=False) + "\n"
    files = {NUMBERS: numbers.encode(), CURVES: curves(found).encode()}
    for name, draw in ((FLOW, draw_flow), (GATES, draw_gates), (MEMORY, draw_memory), (HEADS, draw_heads)):
        picture = draw(found)
        if picture is not None:
            files[name] = picture
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"this folder cannot be made: {error.strerror}", where=folder, hint="--output FOLDER") from None
    for name, content in files.items():
        replace_bytes(folder / name, content)
    return [folder / name for name in files]


def heads(run: Unrolled) -> dict[str, Tensor]:
    """Where the heads of a memory stand along the longest sequence.

    Args:
        run: The cell over time.

    Returns:
        Weights ``(T, N)`` of each head by name; none where the cell has no such memory.
    """
    if not isinstance(run.cell, NTM):
        return {}
    row = int(run.lengths.argmax())
    found: dict[str, list[Tensor]] = {}
    for state in run.states[1 : int(run.lengths[row]) + 1]:
        for kind, weights in zip(("read", "write"), run.cell.heads_of(state), strict=True):
            for number, one in enumerate(weights[row], start=1):
                found.setdefault(f"{kind} head {number}", []).append(one)
    return {name: torch.stack(steps) for name, steps in found.items()}


def curves(found: Sequence[Diagnosis]) -> str:
    """The norms of gradients over lags as CSV, a row for each cell and lag."""
    rows = [["cell", "class", "lag", "median", "lowest", "highest", "linearised", "exponent"]]
    for one in found:
        curve = one.flow.summary()
        for lag, row in enumerate(zip(*curve.values(), strict=True), start=1):
            predicted = ["" if value is None else repr(value) for value in one.predicted(lag).values()]
            rows.append([one.name, one.cell, str(lag), *(repr(value) for value in row), *predicted])
    return csv_text(rows)


def _spectrum(run: Unrolled) -> Spectrum | None:
    return spectrum(run, int(run.lengths.argmax()))


def _histogram(kept: Tensor) -> dict[str, Any]:
    """What units keep of themselves: ``(T, units)``."""
    return {
        "mean": float(kept.mean()),
        "below_0.1": float((kept < 0.1).double().mean()),
        "above_0.9": float((kept > 0.9).double().mean()),
        "of_each_unit": kept.mean(0).tolist(),
    }


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return math.inf


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
