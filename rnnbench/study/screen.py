"""What a person sees of a study: a table that lives, or a line for each event where there is no terminal."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rnnbench.study.launch import Event
from rnnbench.study.plan import Run
from rnnbench.study.state import Standing

_FAILURES_SHOWN = 5


class _Running:
    """A run under way."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.first: tuple[float, float] | None = None
        self.last = (self.begun, 0.0)

    def advance(self, fraction: float) -> None:
        self.last = (time.monotonic(), fraction)
        self.first = self.first or self.last

    @property
    def left(self) -> float | None:
        """Seconds, by the pace since the first report: what came before was the reading of data."""
        if self.first is None or self.last[1] <= self.first[1]:
            return None
        pace = (self.last[1] - self.first[1]) / (self.last[0] - self.first[0])
        return max(0.0, (1 - self.last[1]) / pace - (time.monotonic() - self.last[0]))


class Screen:
    """The state of all runs.

    Args:
        console: Where it is shown.
        runs: All runs of the study, later ones included.
        standings: Where each stands at the start, by its id.
        workers: How many run at a time.
    """

    def __init__(self, console: Console, runs: Sequence[Run], standings: Mapping[str, Standing], workers: int) -> None:
        self._console = console
        self._runs = {run.id: run for run in runs}
        self._states = {run.id: str(standings[run.id].state) for run in runs}
        self._messages = {run.id: standings[run.id].message for run in runs if standings[run.id].message}
        self._running: dict[str, _Running] = {}
        self._seconds: dict[tuple[str, bool], list[float]] = {}
        self._workers = workers
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=2, transient=True)

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def set(self, run: Run, standing: Standing) -> None:
        """Notes where a run stands that is not under way.

        Args:
            run: The run.
            standing: Where it stands.
        """
        self._runs[run.id] = run
        self._states[run.id] = standing.state
        if standing.message:
            self._messages[run.id] = standing.message

    def tell(self, event: Event) -> None:
        """Shows what happened."""
        run = event.run
        if event.what == "started":
            self._running[run.id] = _Running()
            self._states[run.id] = "running"
            self._line(f"started {run.id}")
        elif event.what == "progress" and run.id in self._running:
            self._running[run.id].advance(event.fraction)
        elif event.outcome is not None:
            begun = self._running.pop(run.id, _Running()).begun
            outcome = event.outcome
            self._states[run.id] = "queued" if outcome.kind == "interrupted" else outcome.kind
            if outcome.kind == "done":
                self._seconds.setdefault((run.application, run.test), []).append(time.monotonic() - begun)
            else:
                self._messages[run.id] = outcome.message
            after = f" after {_clock(time.monotonic() - begun)}"
            self._line(f"{outcome.kind} {run.id}{after}{f': {outcome.message}' if outcome.message else ''}")

    def failures(self) -> dict[str, str]:
        """Id of each run that failed -> why."""
        return {id: self._messages.get(id, "") for id, state in self._states.items() if state == "failed"}

    def counts(self) -> str:
        """How many runs are in which state."""
        counts = Counter(self._states.values())
        return ", ".join(f"{counts[state]} {state}" for state in ("queued", "running", "done", "failed"))

    def left(self) -> float | None:
        """Seconds until all runs are over, by what those of the same application took; None while nothing is known."""
        means = {kind: statistics.fmean(seconds) for kind, seconds in self._seconds.items()}
        if not means:
            return None
        typical = statistics.fmean(means.values())
        total = 0.0
        for id, state in self._states.items():
            if state in ("queued", "running"):
                run = self._runs[id]
                expected = means.get((run.application, run.test), typical)
                spent = time.monotonic() - self._running[id].begun if state == "running" else 0.0
                total += max(0.0, expected - spent)
        return total / self._workers

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            over = sum(state in ("done", "failed") for state in self._states.values())
            left = self.left()
            ahead = f"  ({_clock(left)} left)" if left is not None and not text.startswith("started") else ""
            self._console.print(
                f"[{over}/{len(self._states)}] {text}{ahead}", markup=False, highlight=False, soft_wrap=True
            )

    def _table(self) -> RenderableType:
        overview = Table(box=None, pad_edge=False)
        for name in ("application", "queued", "running", "done", "failed"):
            overview.add_column(name, justify="left" if name == "application" else "right")
        for application in dict.fromkeys(run.application for run in self._runs.values()):
            states = Counter(self._states[id] for id, run in self._runs.items() if run.application == application)
            overview.add_row(application, *(str(states[s] or "") for s in ("queued", "running", "done", "failed")))
        under_way = Table(box=None, pad_edge=False, show_header=False)
        for id, running in self._running.items():
            time_left = "" if running.left is None else f"{_clock(running.left)} left"
            under_way.add_row(id, ProgressBar(total=1.0, completed=running.last[1], width=24), time_left)
        failed = [
            Text(f"failed {id}: {why}", style="red", no_wrap=True, overflow="ellipsis")
            for id, why in list(self.failures().items())[-_FAILURES_SHOWN:]
        ]
        left = self.left()
        end = Text("" if left is None else f"{_clock(left)} left for all")
        return Group(overview, under_way, *failed, end)


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
