"""Run folders as rankings. What cannot be read is named in the report and stops nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import fmean

from rnnbench.errors import UserError
from rnnbench.report.cards import card_of
from rnnbench.report.content import Content, Cost, Entry, Published, Section, Source
from rnnbench.report.curves import best_after
from rnnbench.report.text import listed, slug, words
from rnnbench.results.chance import chance
from rnnbench.results.group import Across, Column, Group, Run
from rnnbench.results.latex import caption
from rnnbench.results.metric import better
from rnnbench.results.pairs import Pair, against
from rnnbench.results.record import RESULT_FILE, Result, read_result
from rnnbench.results.rows import Row, reproduced
from rnnbench.results.table import Table, compare, find_runs, state

_CONFIG_FILE = "config.yaml"
_SECONDS = (15, 30, 60, 120)


def content_of_runs(
    paths: Sequence[str], rows: Sequence[Row], across: Collection[Across] = (), reference: str | None = None
) -> Content:
    """The rankings of runs.

    Args:
        paths: Run folders, folders of runs, or patterns.
        rows: The committed rows, for the published values among them.
        across: Fields of the protocol that may differ within a ranking.
        reference: Cell or model that all others are compared with, and with no other; all pairs where none is named.

    Raises:
        UserError: None of the runs is finished.
    """
    runs, problems = _read(paths)
    if not any(run.result.status == "finished" for run in runs):
        seen = [f"{run.folder.name} ({state(run.result)})" for run in runs]
        first = problems[0] if problems else "there are no runs"
        raise UserError(
            f"no finished run: {listed(seen, 8) or first}",
            where=listed(paths, 4),
            hint="train one with `rnnbench fit`, or leave the runs out: the report is then of the committed results",
        )
    comparison = compare(runs, across, reference)
    keys: dict[str, int] = {}
    sections = [_section(table, rows, keys) for table in comparison.tables]
    finished = {run.result.application for run in runs if run.result.status == "finished"}
    unfinished = defaultdict(list)
    for run in runs:
        if run.result.application not in finished:
            unfinished[run.result.application].append(f"{run.folder.name} ({state(run.result)})")
    missing = {name: f"no finished run: {listed(states, 8)}" for name, states in sorted(unfinished.items())}
    count = sum(len(entry.sources) for section in sections for entry in section.entries)
    source = f"{count:,} run{'s' if count != 1 else ''} under {listed(paths, 4)}"
    return Content(sections, missing, problems, comparison.notes, source)


def _read(paths: Sequence[str]) -> tuple[list[Run], list[str]]:
    """The runs that can be read, and sentences about those that cannot."""
    runs: dict[Path, Run] = {}
    problems: list[str] = []
    for path in paths:
        try:
            found = [folder for folder, _ in find_runs(Path(path))]
        except UserError as error:
            problems.append(_sentence(error))
            continue
        problems += [f"{folder}: no {RESULT_FILE} in it, so the run has not begun" for folder in _without(Path(path))]
        for folder in found:
            try:
                runs.setdefault(folder.resolve(), Run(folder, read_result(folder / RESULT_FILE)))
            except UserError as error:
                problems.append(_sentence(error))
    return list(runs.values()), list(dict.fromkeys(problems))


def _without(path: Path) -> list[Path]:
    """Folders of runs that have options and no result."""
    if not path.is_dir():
        return []
    configs = [file for pattern in (f"*/{_CONFIG_FILE}", f"*/*/{_CONFIG_FILE}") for file in sorted(path.glob(pattern))]
    return [file.parent for file in configs if not (file.parent / RESULT_FILE).exists()]


def _sentence(error: UserError) -> str:
    return f"{error.where}: {error.problem}" if error.where else error.problem


def _section(table: Table, rows: Sequence[Row], keys: dict[str, int]) -> Section:
    protocol, leading = table.protocol, table.leading
    card = next(filter(None, map(card_of, table.datasets)), None)
    results = [run.result for run in table.runs]
    budgets = dict.fromkeys(result.budget for result in results if result.budget)
    selections = dict.fromkeys(result.selection for result in results)
    key = slug(f"{protocol.application}-{table.dataset}")
    keys[key] = keys.get(key, 0) + 1
    anchors, pairs = _anchors(rows, table), against(table)
    return Section(
        key=key if keys[key] == 1 else f"{key}-{keys[key]}",
        application=protocol.application,
        dataset=table.dataset,
        title=card.title if card else words(table.dataset),
        budget=" / ".join(budget.replace(":", " ").replace("|", ", ") for budget in budgets),
        conditions=f"selected by {' / '.join(selections)}",
        fingerprint=protocol.fingerprint,
        signature=protocol.metrics[leading] if leading else "",
        leading=leading,
        columns=tuple(table.shown),
        entries=tuple(
            _entry(table, place, label, group, rows, pairs[place])
            for place, (label, group) in enumerate(zip(table.labels(), table.groups, strict=True))
        ),
        notes=tuple(table.notes()),
        anchors=anchors,
        card=card,
        caption=caption(table),
        chance=chance(leading.metric, results[0].data.details, ()) if leading else None,
    )


def _entry(table: Table, place: int, label: str, group: Group, rows: Sequence[Row], pair: Pair | None) -> Entry:
    verdict, leading = table.verdict, table.leading
    results = [run.result for run in group.runs]
    speeds = [result.training.tokens_per_second for result in results if result.training.tokens_per_second is not None]
    costs: dict[Cost, float] = {
        "parameters": group.first.parameters,
        "seconds": fmean(result.training.wall_seconds for result in results),
        "memory": max(result.training.peak_memory_bytes for result in results),
    }
    flops = [result.training.flops for result in results if result.training.flops is not None]
    if flops:
        costs["flops"] = fmean(flops)
    return Entry(
        label=label,
        cell=group.first.cell,
        baseline=group.first.baseline,
        rank=verdict.ranks[place] if verdict else None,
        letters=verdict.letters[place] if verdict and verdict.letters else "",
        leads=verdict is not None and verdict.leads(place),
        p=pair.corrected if pair else None,
        against=pair,
        after=_after(group, leading),
        values=group.summaries,
        seed_values=tuple(group.values(leading)) if leading else (),
        costs=costs,
        epochs=fmean(result.training.epochs for result in results),
        speed=fmean(speeds) if speeds else None,
        seeds=group.seeds,
        sources=tuple(_source(run, table) for run in group.runs),
        published=_published(group, table, rows),
        failed=len(group.failures(leading)) if leading else 0,
    )


def _after(group: Group, leading: Column | None) -> dict[int, float]:
    """The metric by the clock; nothing where a seed failed."""
    if leading is None or better(leading.metric) is None or group.failures(leading):
        return {}
    folders = [run.folder for run in group.runs]
    return best_after(folders, f"validation/{leading.metric}", better(leading.metric) == "lower", _SECONDS)


def _source(run: Run, table: Table) -> Source:
    result, leading = run.result, table.leading
    return Source(
        name=result.run,
        seed=result.seed,
        value=result.value(leading.split, leading.metric) if leading else None,
        folder=run.folder,
        command=result.command,
        config=result.preset,
        commit=result.git_commit,
        hardware=_facts(result.hardware),
        versions=_facts(result.versions),
        finished=result.finished,
    )


def _published(group: Group, table: Table, rows: Sequence[Row]) -> Published | None:
    """What is published for the config that the runs were made with."""
    leading = table.leading
    for row in rows:
        if leading and row.published is not None and row.config == group.first.preset and row.metric == leading.metric:
            mean = group.mean(leading)
            found = None
            made = all(run.result.git_commit for run in group.runs)
            if made and row.tolerance is not None and _same_data(row, group.first):
                found = reproduced(row.metric, mean, row.published, row.tolerance)
            return Published(row.published, row.published_source, row.tolerance, found)
    return None


def _anchors(rows: Sequence[Row], table: Table) -> tuple[Published, ...]:
    """Published values on the same data, by the same metric."""
    leading, first = table.leading, table.runs[0].result
    found = (
        Published(row.published, row.published_source)
        for row in rows
        if leading and row.published is not None and row.metric == leading.metric and _same_data(row, first)
    )
    return tuple(dict.fromkeys(found))


def _same_data(row: Row, result: Result) -> bool:
    """Whether a row is of the same data; one that was not run yet has their name alone."""
    return row.fingerprint == result.data.fingerprint if row.fingerprint else row.dataset == result.data.dataset


def _facts(facts: dict[str, str] | dict[str, str | int | float]) -> str:
    return "; ".join(f"{name} {fact}" for name, fact in sorted(facts.items()))
