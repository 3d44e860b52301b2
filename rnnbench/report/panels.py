"""What the best runs of a ranking show: pictures, transcripts, examples, as far as their folders hold them."""

from __future__ import annotations

import base64
import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnbench.applications import applications
from rnnbench.diagnostics.files import FOLDER, PICTURES
from rnnbench.errors import UserError
from rnnbench.examples import EXAMPLES_FILE, Example, read_examples
from rnnbench.report.content import Section
from rnnbench.report.text import clean

_ERRORS = "test_errors.tsv"
_MOST_ROWS = 6
_MOST_BYTES = 600_000
_MOST_LETTERS = 2000
_MOST_WORDS = 80

Stretches = list[tuple[str, bool]]
"""Stretches of a text, each with whether the other text has it, too."""


@dataclass(frozen=True)
class Picture:
    """A picture of a run.

    Args:
        caption: What is seen.
        address: Its content as a ``data:`` address.
    """

    caption: str
    address: str


@dataclass(frozen=True)
class Transcript:
    """What was said, and what was recognised.

    Args:
        errors: Number of errors.
        words: Number of words said.
        said: What was said.
        recognised: What was recognised.
        recording: Name of the recording.
    """

    errors: str
    words: str
    said: Stretches
    recognised: Stretches
    recording: str


@dataclass(frozen=True)
class Panel:
    """What a run shows.

    Args:
        label: The row of the ranking.
        run: Name of the run.
        pictures: Its pictures.
        transcripts: The transcripts with most errors.
        examples: What it made of some test items.
        problems: What could not be read.
    """

    label: str
    run: str
    pictures: list[Picture]
    transcripts: list[Transcript]
    examples: list[Example]
    problems: list[str]


def panels(section: Section, most: int = 1) -> list[Panel]:
    """The panels of the best rows of a ranking that have something to show.

    Args:
        section: The ranking.
        most: Most panels.
    """
    found = []
    for entry in section.entries:
        for source in entry.sources[:1]:
            panel = _panel(entry.label, source.name, source.folder, section.application) if source.folder else None
            if panel is not None:
                found.append(panel)
        if len(found) == most:
            break
    return found


def _panel(label: str, run: str, folder: Path, application: str) -> Panel | None:
    found = applications().get(application)
    pictures = [
        Picture(one.shows, address)
        for one in (found.card.pictures if found is not None else ())
        if one.split == "test" and (address := _address(folder / one.file))
    ]
    pictures += [
        Picture(shows, address) for file, shows in PICTURES.items() if (address := _address(folder / FOLDER / file))
    ]
    rows = _transcripts(folder / _ERRORS)
    problems: list[str] = []
    examples: list[Example] = []
    try:
        examples = read_examples(folder / EXAMPLES_FILE)
    except UserError as error:
        problems.append(f"{error.where}: {error.problem}")
    if not (pictures or rows or examples or problems):
        return None
    return Panel(label, run, pictures, rows, examples, problems)


def _address(path: Path) -> str | None:
    """A PNG picture as an address; nothing where there is none, or one that would make the page slow."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = path.read_bytes()
    except OSError:
        return None
    if not content.startswith(b"\x89PNG"):
        return None
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def _transcripts(path: Path) -> list[Transcript]:
    """The first rows of a table of errors, which has the worst first; none where it is missing or of another kind."""
    found: list[Transcript] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                said, recognised = _parted(row["said"].split()[:_MOST_WORDS], row["recognised"].split()[:_MOST_WORDS])
                found.append(Transcript(row["errors"], row["words"], said, recognised, clean(row["recording"])))
                if len(found) == _MOST_ROWS:
                    break
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        # A file that a crash cut short shows what it has.
        return found
    return found


def _parted(said: Sequence[str], recognised: Sequence[str]) -> tuple[Stretches, Stretches]:
    """Both texts in stretches of words that they share or do not share."""
    first: Stretches = []
    second: Stretches = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, said, recognised, autojunk=False).get_opcodes():
        for stretches, words in ((first, said[a:b]), (second, recognised[c:d])):
            if words:
                stretches.append((clean(" ".join(words), _MOST_LETTERS), kind == "equal"))
    return first, second
