"""Tuning in rounds: all points for a short while, wider where the best lies at the edge, the best ones for longer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rnnbench.study import plan, tuning
from rnnbench.study.file import Study
from rnnbench.study.plan import Pair, Run
from rnnbench.study.tuning import Trial

Points = Mapping[int, Mapping[str, Any]]
"""Number of a point -> option -> value."""


def tune(
    study: Study, pairs: Sequence[Pair], folder: Path, launch: Callable[[Sequence[Run]], None]
) -> dict[Pair, list[Trial]]:
    """Runs the trials of all pairs, round by round.

    Args:
        study: The study.
        pairs: What is tuned.
        folder: The study's folder.
        launch: Runs what still has something to do.

    Returns:
        All trials of each pair.
    """
    assert study.tuning is not None
    first = dict(enumerate(tuning.points(study)))
    tried = _tried(study, dict.fromkeys(pairs, first), 0, folder, launch)
    for _ in range(study.tuning.widen):
        wider = {pair: {len(some): point} for pair, some in tried.items() if (point := tuning.beyond(some)) is not None}
        if not wider:
            break
        for pair, more in _tried(study, wider, 0, folder, launch).items():
            tried[pair] += more
    for number, before in enumerate(study.tuning.rounds[:-1], start=1):
        best: dict[Pair, Points] = {}
        for pair, some in tried.items():
            last = tuning.ranked([one for one in some if one.round == number - 1])
            best[pair] = {one.number: one.point for one in last[: before.keep]}
        for pair, more in _tried(study, best, number, folder, launch).items():
            tried[pair] += more
    return tried


def _tried(
    study: Study, points: Mapping[Pair, Points], number: int, folder: Path, launch: Callable[[Sequence[Run]], None]
) -> dict[Pair, list[Trial]]:
    runs = {pair: plan.trials(study, pair, some, folder, number) for pair, some in points.items()}
    launch([run for of_pair in runs.values() for of_point in of_pair.values() for run in of_point])
    return {
        pair: [tuning.trial(points[pair][place], of_point, place, number) for place, of_point in of_pair.items()]
        for pair, of_pair in runs.items()
    }
