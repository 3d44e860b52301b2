"""Applications by name: those of rnnbench, of installed packages, and of the working folder."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from rnnbench.applications.card import Application, Card, MetricCard
from rnnbench.errors import UserError, did_you_mean
from rnnbench.schema import build, read_yaml

CARD_FILE = "card.yaml"
GROUP = "rnnbench.applications"
"""Entry point group by which installed packages name their applications: ``digits = "my_package.digits"``."""

_OURS = Path(__file__).resolve().parents[1] / "tasks"


def applications() -> dict[str, Application]:
    """All applications by name, sorted.

    Raises:
        UserError: A card breaks the schema, two applications have the same name, or two cards disagree about a metric.
    """
    return _found(Path.cwd())


def load_application(name: str) -> Application:
    """The application of that name.

    Raises:
        UserError: There is none.
    """
    every = applications()
    if name not in every:
        raise UserError(f"there is no application {name!r}", hint=did_you_mean(name, every))
    return every[name]


def application_of(class_path: str) -> Application | None:
    """The application whose package holds a class; None where it is held by none.

    Args:
        class_path: Such as ``rnnbench.tasks.sentiment.RecurrentClassifier``.
    """
    every = applications().values()
    return next((one for one in every if class_path.startswith(f"{one.module}.")), None)


def metric_cards() -> dict[str, MetricCard]:
    """The metrics of all cards by name."""
    return _metrics(Path.cwd())


def forget() -> None:
    """Reads all cards anew the next time: one was written meanwhile."""
    for known in (_found, _metrics, _everywhere):
        known.cache_clear()


@functools.cache
def _metrics(working_folder: Path) -> dict[str, MetricCard]:
    return {metric.name: metric for one in _found(working_folder).values() for metric in one.card.metrics}


@functools.cache
def _found(working_folder: Path) -> dict[str, Application]:
    found: dict[str, Application] = {}
    for one in (*_everywhere(), *_beside(working_folder)):
        other = found.setdefault(one.card.name, one)
        # The working folder may be that of an installed package.
        if other.folder.resolve() != one.folder.resolve():
            raise UserError(
                f"two applications are called {one.card.name}: {other.folder} and this one",
                where=one.folder / CARD_FILE,
                hint="give the folder and the card another name",
            )
        _check_metrics(one, found)
    return dict(sorted(found.items()))


@functools.cache
def _everywhere() -> list[Application]:
    """Our own and those of installed packages, which are there whatever the working folder is."""
    ours = [_application(path, f"rnnbench.tasks.{path.parent.name}") for path in sorted(_OURS.glob(f"*/{CARD_FILE}"))]
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return ours + [_application(_folder(point) / CARD_FILE, point.value) for point in points]


def _folder(point: EntryPoint) -> Path:
    """The folder of the package that an entry point names, with a card in it; its code is not run."""
    where = f"entry points of {point.dist.name if point.dist else 'an installed package'}"
    try:
        spec = find_spec(point.value)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"the application {point.name} is to lie in the package {point.value}, which is not there",
            where=where,
            hint="install that package anew, or remove it",
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    if not (folder / CARD_FILE).is_file():
        raise UserError(
            f"the application {point.name} has no {CARD_FILE} in {folder}",
            where=where,
            hint=f"its package data have to hold {CARD_FILE} and configs/*.yaml; until then, remove the package",
        )
    return folder


def _beside(working_folder: Path) -> Iterator[Application]:
    for path in sorted(working_folder.glob(f"*/{CARD_FILE}")):
        if (path.parent / "__init__.py").is_file() and path.parent.name.isidentifier():
            yield _application(path, path.parent.name)


def _application(path: Path, module: str) -> Application:
    card = build(Card, read_yaml(path), path)
    if card.name != path.parent.name:
        raise UserError(f"the card calls itself {card.name!r}", where=path, hint="name and folder name must agree")
    names = [metric.name for metric in card.metrics]
    if not names:
        raise UserError("metrics is empty", where=path, hint="name at least the leading one")
    for key, wanted in (("metrics", names), ("board", card.board)):
        twice = next((name for name in wanted if list(wanted).count(name) > 1), None)
        if twice is not None:
            raise UserError(f"{key}: {twice} stands twice", where=path)
    for name in (*card.board, *card.learned, *(metric.repeats for metric in card.metrics if metric.repeats)):
        if name not in names:
            raise UserError(f"{name!r} is none of the metrics", where=path, hint=did_you_mean(name, names))
    return Application(card, module, path.parent)


def _check_metrics(one: Application, others: dict[str, Application]) -> None:
    """A metric's name means the same in all applications, for results are read without their code."""
    for other in others.values():
        for mine in one.card.metrics:
            for theirs in other.card.metrics:
                if mine.name == theirs.name and mine != theirs:
                    raise UserError(
                        f"{mine.name} is another metric in the application {other.card.name}",
                        where=one.folder / CARD_FILE,
                        hint=f"say the same as {other.folder / CARD_FILE}, or name it differently",
                    )
