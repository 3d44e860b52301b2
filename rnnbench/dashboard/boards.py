"""What the dashboard of each application shows, as plain data: nothing here knows W&B's library or the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rnnbench.applications import Card, applications
from rnnbench.results.metric import better

CELL = "model.init_args.backbone.init_args.cell.class_path"
"""The option of a run by which curves and bars are grouped."""
RATE = "model.init_args.optimizer.init_args.lr"
SIZE = "model.init_args.backbone.init_args.hidden_size"
DEPTH = "model.init_args.backbone.init_args.num_layers"


@dataclass(frozen=True)
class Panel:
    """A panel.

    Args:
        kind: ``curves`` over the steps; ``bars`` of last values, with their deviation over the seeds; ``parallel``
            coordinates from options to the metric; ``pictures``.
        title: What it shows.
        keys: The metrics or pictures; of parallel coordinates, the metric.
        options: Options that are axes of parallel coordinates.
        lower_is_better: Whether an axis of the metric is turned round, so that the best is on top.
    """

    kind: Literal["curves", "bars", "parallel", "pictures"]
    title: str
    keys: tuple[str, ...]
    options: tuple[str, ...] = ()
    lower_is_better: bool = False


@dataclass(frozen=True)
class Board:
    """The panels of an application.

    Args:
        application: Its id, which is the group of its runs.
        title: Its name.
        panels: The panels.
    """

    application: str
    title: str
    panels: tuple[Panel, ...]


def boards() -> list[Board]:
    """The panels of every application: curves, bars with intervals, parallel coordinates, pictures."""
    return [_board(one.card) for one in applications().values()]


def _board(card: Card) -> Board:
    first = card.board[0]
    leading = f"validation/{first}"
    speed = f"train/{card.units}_per_second"
    panels = [Panel("curves", _words(f"validation/{name}"), (f"validation/{name}",)) for name in card.board]
    panels += [Panel("curves", "train loss", ("train/loss",)), Panel("curves", "speed", (speed,))]
    for split in ("validation", "test"):
        panels.append(Panel("bars", f"{_words(f'{split}/{first}')} by cell", (f"{split}/{first}",)))
    axes = (CELL, DEPTH, SIZE, RATE)
    panels.append(
        Panel("parallel", "options and what they lead to", (leading,), axes, lower_is_better=better(first) == "lower")
    )
    if card.pictures:
        panels.append(Panel("pictures", "pictures", tuple(Path(one.file).stem for one in card.pictures)))
    return Board(card.name, card.title, tuple(panels))


def _words(name: str) -> str:
    return name.replace("/", " ").replace("_", " ")
