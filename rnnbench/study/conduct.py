"""A study from beginning to end: what is to be done is found out, tried, tuned, run and compared."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from rnnbench.errors import UserError
from rnnbench.machine import try_lock
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results import group
from rnnbench.results.record import read_result
from rnnbench.results.render import render_csv, render_markdown
from rnnbench.results.table import Comparison, compare
from rnnbench.safe_files import read_text, replace_text
from rnnbench.study import plan, tuning
from rnnbench.study.file import Study
from rnnbench.study.launch import Launcher, Outcome
from rnnbench.study.plan import Pair, Run
from rnnbench.study.screen import Screen
from rnnbench.study.state import Standing, clean, read_failed, standing, write_failed
from rnnbench.study.tune import tune

_LOCK_FILE = ".lock"
_LOOKED_FILE = "looked.json"
"""Options of a run -> parameters of its model, for all that were looked at before."""
_SIZES_FILE = "sizes.json"
"""Options of a model -> the hidden size that spends its budget of parameters."""
_WAIT_SECONDS = 70.0
_BYTES_OF_A_PARAMETER = 4
# Weights and two averages of the gradient: what the checkpoint to resume from holds of a run with Adam.
_LAST_CHECKPOINT = 3


@dataclass(frozen=True)
class Ended:
    """How a study ended.

    Args:
        failures: Id of each run that failed -> why; trials are told of and do not count.
        comparison: The finished runs; None where there is none.
    """

    failures: dict[str, str]
    comparison: Comparison | None


@contextlib.contextmanager
def locked(folder: Path, console: Console) -> Iterator[int]:
    """Makes sure that nobody else works on a study; processes that get the descriptor keep the lock.

    Args:
        folder: The study's folder.
        console: Where it says that it waits.

    Raises:
        UserError: Another process goes on working on it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + _WAIT_SECONDS
        told = False
        while not try_lock(descriptor):
            if not told:
                console.print("waiting for the runs of an earlier call, which save and end", highlight=False)
                told = True
            if time.monotonic() > until:
                raise UserError("another process works on this study", where=folder, hint="wait for it, or end it")
            time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)


def conduct(
    study: Study, folder: Path, launcher: Launcher, looker: Launcher, console: Console, retry: bool = False
) -> Ended:
    """Runs what a study still needs, and compares.

    Args:
        study: The study.
        folder: Its folder.
        launcher: Runs the runs.
        looker: Only looks at them.
        console: Where progress is shown.
        retry: Whether runs that failed before are tried again.

    Raises:
        UserError: The file asks for something that there is not, or the disk is too small.
    """
    work = _Work(folder, launcher, console, {} if retry else read_failed(folder), retry)
    pairs = work.sized(study, plan.pairs(study), looker)
    first = dict(enumerate(tuning.points(study)))
    every_trial = [run for pair in pairs for some in plan.trials(study, pair, first, folder).values() for run in some]
    beside = plan.baselines(study, folder)
    # Their options are known when the tuning is over; their names are known now.
    finals = {pair: plan.finals(study, pair, {}, folder) for pair in pairs}
    every = [*every_trial, *beside, *itertools.chain(*finals.values())]
    _check_names(study, every)
    work.prepare(study, [run for run in every if work.is_new(run)], finals, looker)
    with work.screen(every, exact=[*every_trial, *beside]):
        if study.tuning is not None:
            tried = tune(study, pairs, folder, work.launch)
            chosen = {pair: tuning.choose(tried[pair]) for pair in pairs}
            tuning.write_points(study, tried, folder)
            tuning.write_expected(tried, folder)
            note = tuning.write_importance(study, tried, folder)
            if note:
                console.print(note, highlight=False, markup=False)
            for pair, best in chosen.items():
                if best is None:
                    work.give_up(finals[pair], "no trial of its tuning was finished")
                    finals[pair] = []
                else:
                    finals[pair] = plan.finals(study, pair, best.point, folder)
        # Seed by seed: a study that is stopped early has something of every cell.
        by_seed = itertools.chain(*itertools.zip_longest(*finals.values()))
        work.launch([*beside, *(run for run in by_seed if run is not None)])
    reference = None if study.reference is None else study.reference.title
    return work.end([*beside, *itertools.chain(*finals.values())], reference)


def conduct_runs(runs: Sequence[Run], folder: Path, launcher: Launcher, console: Console, retry: bool = False) -> Ended:
    """Runs what some runs still need, and compares them.

    Args:
        runs: The runs.
        folder: Where failures and the comparison are noted.
        launcher: Runs the runs.
        console: Where progress is shown.
        retry: Whether runs that failed before are tried again.
    """
    work = _Work(folder, launcher, console, {} if retry else read_failed(folder), retry)
    with work.screen(runs, exact=runs):
        work.launch(runs)
    return work.end(runs)


class _Work:
    """What is known of the runs of a study while they are run."""

    def __init__(self, folder: Path, launcher: Launcher, console: Console, failed: dict[str, str], retry: bool) -> None:
        self._folder = folder
        self._launcher = launcher
        self._console = console
        self._failed = failed
        self._retry = retry
        self._screen: Screen

    def is_new(self, run: Run) -> bool:
        """Whether nothing of the run is there."""
        return run.id not in self._failed and not run.folder.exists()

    def sized(self, study: Study, pairs: Sequence[Pair], looker: Launcher) -> list[Pair]:
        """Finds the hidden sizes that spend a budget of all parameters; under another budget there is nothing to find.

        Raises:
            UserError: A model cannot be built, or no size comes within 1 % of its budget.
        """
        if study.unit != "total_parameters":
            return list(pairs)
        path = self._folder / _SIZES_FILE
        sizes: dict[str, int] = json.loads(read_text(path)) if path.is_file() else {}
        asked = {plan.sizing(study, pair, self._folder): pair for pair in pairs}
        unknown = [run for run in asked if _asked(run) not in sizes]
        if unknown:
            self._console.print(f"looking for the sizes of {len(unknown)} models", highlight=False)
            wrong: list[tuple[Pair, Outcome]] = []
            with contextlib.closing(looker.launch(unknown)) as events:
                for event in events:
                    if event.outcome is None:
                        continue
                    if event.outcome.kind != "done":
                        wrong.append((asked[event.run], event.outcome))
                        continue
                    sizes[_asked(event.run)] = event.outcome.hidden_size
                    replace_text(path, json.dumps(sizes, indent=2) + "\n")
            if wrong:
                raise _blame(study, wrong)
        return [dataclasses.replace(pair, hidden_size=sizes[_asked(run)]) for run, pair in asked.items()]

    def prepare(self, study: Study, new: Sequence[Run], finals: Mapping[Pair, Sequence[Run]], looker: Launcher) -> None:
        """Finds out before the first run what is wrong in the file, and how much disk the new runs will need."""
        path = self._folder / _LOOKED_FILE
        looked: dict[str, int] = json.loads(read_text(path)) if path.is_file() else {}
        unknown = {runs[0].id: pair for pair, runs in finals.items() if _words(runs[0]) not in looked}
        if unknown and new:
            models = f"{len(unknown)} models" if len(unknown) > 1 else "1 model"
            self._console.print(f"looking at options, data and sizes of {models}", highlight=False)
            first = [runs[0] for runs in finals.values() if runs[0].id in unknown]
            wrong: list[tuple[Pair, Outcome]] = []
            with contextlib.closing(looker.launch(first)) as events:
                for event in events:
                    if event.outcome is None:
                        continue
                    if event.outcome.kind != "done":
                        wrong.append((unknown[event.run.id], event.outcome))
                        continue
                    looked[_words(event.run)] = event.outcome.parameters
                    replace_text(path, json.dumps(looked, indent=2) + "\n")
            if wrong:
                raise _blame(study, wrong)
        sizes: dict[str, int] = {}
        for pair, runs in finals.items():
            folder = pair.application.folder
            sizes[folder] = max(sizes.get(folder, 0), looked.get(_words(runs[0]), 0))
        need = sum(_bytes(run, sizes.get(run.application, 0)) for run in new)
        if new:
            need += self._launcher.workers * _LAST_CHECKPOINT * _BYTES_OF_A_PARAMETER * max(sizes.values(), default=0)
        free = shutil.disk_usage(self._folder).free
        self._console.print(
            f"{len(new)} new runs in {self._folder}; checkpoints need about {_size(need)}, {_size(free)} are free",
            highlight=False,
        )
        if need > free:
            raise UserError(f"the disk has {_size(free)} left, and {_size(need)} are needed", where=self._folder)

    @contextlib.contextmanager
    def screen(self, every: Sequence[Run], exact: Sequence[Run]) -> Iterator[None]:
        """Shows all runs; where a run stands whose options are not known yet is found out when it is launched."""
        standings = {run.id: standing(run, self._failed) for run in exact}
        known = {run.id: standings.get(run.id, Standing("queued")) for run in every}
        self._screen = Screen(self._console, every, known, self._launcher.workers)
        with self._screen:
            yield

    def launch(self, runs: Sequence[Run]) -> None:
        """Runs what still has something to do.

        Raises:
            UserError: Somebody stopped a run, but not the study: what comes after it would not be what was planned.
        """
        queued, stopped = [], []
        for run in runs:
            now = standing(run, self._failed, self._retry)
            self._screen.set(run, now)
            if now.state == "queued":
                queued.append(run)
            elif now.state == "done":
                clean(run)
        with contextlib.closing(self._launcher.launch(queued)) as events:
            for event in events:
                self._screen.tell(event)
                if event.outcome is None:
                    continue
                if event.outcome.kind == "failed":
                    self._failed[event.run.id] = event.outcome.message
                    write_failed(self._folder, self._failed)
                elif event.outcome.kind == "interrupted":
                    stopped.append(event.run.id)
        if stopped:
            raise UserError(f"stopped from outside: {', '.join(stopped)}", hint="the same command goes on with them")

    def give_up(self, runs: Sequence[Run], why: str) -> None:
        """Reports runs that cannot be begun."""
        for run in runs:
            self._screen.set(run, Standing("failed", why))

    def end(self, runs: Sequence[Run], reference: str | None = None) -> Ended:
        """Compares, and says how it went."""
        self._console.print(self._screen.counts(), highlight=False)
        failures = self._screen.failures()
        for id, why in failures.items():
            self._console.print(f"failed {id}: {why}", markup=False, highlight=False, soft_wrap=True)
        # A rate that is too high for a cell is a finding, and no fault.
        failures = {id: why for id, why in failures.items() if not id.startswith(f"{plan.TUNING}/")}
        ended = [found for run in runs if (found := self._ended(run)) is not None]
        if not any(run.result.status == "finished" for run in ended):
            return Ended(failures, None)
        comparison = compare(ended, reference=reference)
        for name, text in (("compare.md", render_markdown(comparison)), ("compare.csv", render_csv(comparison))):
            replace_text(self._folder / name, text)
        return Ended(failures, comparison)

    def _ended(self, run: Run) -> group.Run | None:
        """The result of a run that came to an end; one that failed counts as such, whatever it wrote before."""
        now = standing(run, self._failed)
        path = RunFolder(run.folder).result
        if now.state == "queued" or not path.is_file():
            return None
        try:
            result = read_result(path)
        except UserError:
            return None
        if now.state == "failed":
            result = dataclasses.replace(result, status="failed", message=now.message)
        return group.Run(run.folder, result)


def _check_names(study: Study, runs: Sequence[Run]) -> None:
    names = Counter(run.id for run in runs)
    for name, count in names.items():
        if count > 1:
            raise UserError(
                f"two runs would have the name {name}",
                where=f"{study.path}: applications",
                hint="presets of one application need names of their own",
            )


def _words(run: Run) -> str:
    """What a run is made of, as text."""
    return " ".join(run.words)


def _asked(run: Run) -> str:
    """What a hidden size is asked for, as text."""
    return f"{_words(run)} {run.spend}"


def _bytes(run: Run, parameters: int) -> int:
    copies = {"none": 0, "best": 1, "all": 1 + _LAST_CHECKPOINT}[run.keep]
    return copies * _BYTES_OF_A_PARAMETER * parameters


def _size(number: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def _blame(study: Study, wrong: Sequence[tuple[Pair, Outcome]]) -> UserError:
    """The error of the first of some runs at the place in the file that it comes from, and what the others say.

    All of them, because a budget has to suit every cell, and to hear of one misfit after the other takes a look at all
    models each time.
    """
    (pair, outcome), *others = wrong
    option = outcome.where.removeprefix("--").partition(" ")[0]
    application = f"applications.{pair.application.preset}"
    places = {
        f"{application}.options.{option}": option in pair.application.options,
        f"options.{option}": option in study.options,
        f"cells ({pair.cell.preset or pair.cell.value})": any(
            option.startswith(f"{backbone}.cell") for backbone in pair.application.backbones
        ),
        "budget": option in pair.application.backbones or option.startswith("budget."),
    }
    place = next((place for place, is_it in places.items() if is_it), application)
    problem = outcome.message if place.endswith(option) or not outcome.where else f"{outcome.where}: {outcome.message}"
    also = "".join(f"; with {one.cell.label} on {one.application.preset}: {said.message}" for one, said in others)
    return UserError(problem, where=f"{study.path}: {place}", hint=f"found with the cell {pair.cell.label}{also}")
