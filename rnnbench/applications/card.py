"""What an application's card says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class MetricCard:
    """A metric. A name means the same in all applications: its direction and its spelling are the same in all cards.

    Args:
        name: As results and loggers name it, such as ``word_error_rate``.
        better: Which way is better; none for a number that stands beside others, such as the level of chance.
        title: As papers write it; by default the name with spaces.
        measures: What it measures, where several metrics measure the same and so put any two models in the same order,
            such as ``likelihood``.
        repeats: A metric that it is in another unit; a table that has that one leaves this one out.
    """

    name: str
    better: Literal["higher", "lower"] | None = None
    title: str | None = None
    measures: str | None = None
    repeats: str | None = None


@dataclass(frozen=True)
class PictureCard:
    """A picture in the run folder; loggers have it by the file's name without the extension.

    Args:
        file: Name of the file.
        shows: What is seen.
        split: The split of what it shows; reports show those of the test.
    """

    file: str
    shows: str
    split: Literal["validation", "test"] = "test"


@dataclass(frozen=True)
class Slider:
    """A number that is worth moving about.

    Args:
        option: The option of ``rnnbench predict`` that it is, such as ``beam_size``.
        low: Where the slider begins.
        high: Where it ends.
        step: From one place of it to the next.
    """

    option: str
    low: float
    high: float
    step: float = 1


@dataclass(frozen=True)
class PredictCard:
    """What ``rnnbench predict`` does, and what a page needs to know to ask it.

    Args:
        reads: What an input is.
        writes: What is answered.
        input: Whether inputs are lines of text, or files as a whole.
        accepts: Which files, as a browser's dialogue has it: ``audio/*``, or ``.csv,.parquet``.
        together: Whether there is one answer to each input and it hangs on no other input, so that inputs of several
            people can be answered at once.
        show: The option with which it shows how it came to its answers, ``--color`` or ``--next=12``; to one that names
            a FILE, a picture, a name is given.
        sliders: Options that a page makes sliders of.
    """

    reads: str
    writes: str
    input: Literal["lines", "files"] = "lines"
    accepts: str | None = None
    together: bool = True
    show: str | None = None
    sliders: tuple[Slider, ...] = ()


@dataclass(frozen=True)
class Card:
    """What the other floors must know of an application.

    Args:
        name: The folder's name: that of its presets, runs and tests.
        title: Its name in a heading.
        summary: What it does, in a line.
        unit: What speed, cost and loss are counted in, in the singular: ``token``, ``frame``, ``point``.
        metrics: All metrics, the leading one first.
        board: Metrics of which the dashboard shows curves, the leading one first.
        predict: What ``predict`` reads and writes.
        quick: Preset that trains within minutes and needs no network.
        tiny: Options that make of it a training of seconds, with all that is random in it, on which the laws of
            applications are checked.
        pictures: Pictures that it draws.
        learned: Metric -> the value from which on a run has learned its problem, where runs learn it or do not.
    """

    name: str
    title: str
    summary: str
    unit: str
    metrics: tuple[MetricCard, ...]
    board: tuple[str, ...]
    predict: PredictCard
    quick: str
    tiny: tuple[str, ...]
    pictures: tuple[PictureCard, ...] = ()
    learned: dict[str, float] = field(default_factory=dict)

    @property
    def units(self) -> str:
        """The unit in the plural."""
        return f"{self.unit}s"


@dataclass(frozen=True)
class Application:
    """An application where it was found.

    Args:
        card: Its card.
        module: The package that holds its code.
        folder: The folder of that package.
    """

    card: Card
    module: str
    folder: Path
