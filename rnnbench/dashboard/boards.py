"""What the dashboard of each application shows, as plain data: nothing here knows W&B's library or the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rnnbench.results.metric import BETTER

CELL = "model.init_args.backbone.init_args.cell.class_path"
"""The option of a run by which curves and bars are grouped."""
RATE = "model.init_args.optimizer.init_args.lr"
SIZE = "model.init_args.backbone.init_args.hidden_size"
DEPTH = "model.init_args.backbone.init_args.num_layers"

# Application -> its metrics, the leading one first, and the pictures its runs log.
_SHOWN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "captioning": (("bleu_4", "cider"), ("attention", "captions")),
    "labelling": (("entity_f1", "segmentation_f1", "tag_accuracy"), ()),
    "sentiment": (("accuracy", "macro_f1"), ()),
    "speech": (("word_error_rate", "character_error_rate"), ("validation", "test")),
    "text_generation": (("perplexity", "bits_per_character"), ()),
    "translation": (("bleu", "chrf"), ("alignments",)),
}


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
    return [_board(name, metrics, pictures) for name, (metrics, pictures) in sorted(_SHOWN.items())]


def _board(application: str, metrics: tuple[str, ...], pictures: tuple[str, ...]) -> Board:
    leading = f"validation/{metrics[0]}"
    lower = BETTER.get(metrics[0]) == "lower"
    panels = [Panel("curves", _words(f"validation/{name}"), (f"validation/{name}",)) for name in metrics]
    panels += [Panel("curves", "train loss", ("train/loss",)), Panel("curves", "speed", ("train/tokens_per_second",))]
    for split in ("validation", "test"):
        panels.append(Panel("bars", f"{_words(f'{split}/{metrics[0]}')} by cell", (f"{split}/{metrics[0]}",)))
    panels.append(
        Panel("parallel", "options and what they lead to", (leading,), (CELL, DEPTH, SIZE, RATE), lower_is_better=lower)
    )
    if pictures:
        panels.append(Panel("pictures", "pictures", pictures))
    return Board(application, _words(application).capitalize(), tuple(panels))


def _words(name: str) -> str:
    return name.replace("/", " ").replace("_", " ")
