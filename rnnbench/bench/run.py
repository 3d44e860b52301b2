"""Runs a plan: every measurement in a process of its own, so that one that breaks down does not end the others."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar, get_args

from rnnbench.bench.build import Build, first_call_seconds
from rnnbench.bench.fixed import Effort, time_fixed
from rnnbench.bench.fresh import Failed, run_fresh
from rnnbench.bench.lengths import Distribution, time_lengths
from rnnbench.bench.memory import ENVIRONMENT, cell_peak, layer_peak
from rnnbench.bench.plan import Plan
from rnnbench.bench.results import Results, Subject
from rnnbench.bench.subjects import LayerName, find_cell
from rnnbench.engine import EngineName, select_engine
from rnnbench.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")

_DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)
_LAYERS: tuple[LayerName, ...] = get_args(LayerName)


class Bench:
    """Carries out a plan and says on standard error what it is at.

    Args:
        plan: What to measure.
        effort: How long.
        device: Where: ``cpu`` or ``cuda``.
    """

    def __init__(self, plan: Plan, effort: Effort, device: str) -> None:
        self.results = Results()
        self.broken = False
        self._plan = plan
        self._effort = effort
        self._device = device
        self._start = time.perf_counter()

    def run(self, cells: Sequence[str], engines: Sequence[EngineName], threads: Sequence[int]) -> Results:
        """Measures all cells on all engines that run them.

        Args:
            cells: Names of cells.
            engines: Names of engines; ``auto`` is the one it chooses.
            threads: Numbers of threads.
        """
        subjects = self._resolve(cells, engines)
        for number in threads:
            for subject in subjects:
                self._fixed(number, subject)
            for subject in subjects:
                self._lengths(number, subject)
        self._costs(subjects)
        return self.results

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start

    def _resolve(self, cells: Sequence[str], engines: Sequence[EngineName]) -> list[Subject]:
        names = {name: name for name in get_args(EngineName)}
        found = []
        for cell in cells:
            for engine in engines:
                try:
                    found.append(Subject(cell, names[select_engine(find_cell(cell)(8, 8), engine).name]))
                except UserError as error:
                    self.results.missing.append(error.problem)
        return list(dict.fromkeys(found))

    def _fixed(self, threads: int, subject: Subject) -> None:
        cases = self._plan.fixed(subject.cell, threads)
        label = f"{subject.cell} ({subject.engine}), threads: {threads}"
        found = self._measure(label, threads, {}, time_fixed, *subject, cases, self._effort, self._device)
        for shape, timed in (found or {}).items():
            self.results.fixed[threads, subject, shape] = timed
            for name, reason in timed.missing.items():
                self.results.missing.append(reason if name == "jax" else f"{subject.cell} at {shape}: {reason}")

    def _lengths(self, threads: int, subject: Subject) -> None:
        for shape in self._plan.lengths(subject.cell, threads):
            for distribution in _DISTRIBUTIONS:
                label = f"{subject.cell} ({subject.engine}) at {shape}, {distribution} lengths, threads: {threads}"
                arguments = (*subject, shape, distribution, self._effort, self._device)
                timed = self._measure(label, threads, {}, time_lengths, *arguments)
                if timed is not None:
                    self.results.lengths[threads, subject, shape, distribution] = timed

    def _costs(self, subjects: Sequence[Subject]) -> None:
        shape, build_shape, device = self._plan.memory_shape, self._plan.build_shape, self._device
        for name in _LAYERS if subjects else ():
            peak = self._measure(f"memory of nn.{name}", 1, ENVIRONMENT, layer_peak, name, shape, device)
            if peak is not None:
                self.results.layer_memory[name] = peak
        for subject in subjects:
            label = f"{subject.cell} ({subject.engine})"
            peak = self._measure(f"memory of {label}", 1, ENVIRONMENT, cell_peak, *subject, shape, device)
            if peak is not None:
                self.results.memory[subject] = peak
            with tempfile.TemporaryDirectory() as cache:
                place = {"RNNBENCH_CACHE": cache}
                arguments = (*subject, build_shape, device)
                first = self._measure(f"build of {label}", 1, place, first_call_seconds, *arguments)
                later = self._measure(f"first call of {label}, built", 1, place, first_call_seconds, *arguments)
            if first is not None and later is not None:
                self.results.build[subject] = Build(first, later)

    def _measure(
        self,
        label: str,
        threads: int,
        environment: Mapping[str, str],
        function: Callable[P, R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R | None:
        print(f"{self.elapsed():6.0f} s  {label}", file=sys.stderr, flush=True)
        try:
            return run_fresh(threads, environment, function, *args, **kwargs)
        except Failed as error:
            self.broken = True
            self.results.missing.append(f"{label}: {error}")
            return None
