"""The text files of the bAbI tasks, and of whoever writes stories as they do.

J. Weston, A. Bordes, S. Chopra, A. M. Rush, B. van Merriënboer, A. Joulin and T. Mikolov, Towards AI-Complete Question
Answering: A Set of Prerequisite Toy Tasks, 2015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.source import Row, Source, Split
from rnnbench.data.stories.question import has_word
from rnnbench.errors import UserError
from rnnbench.ranges import Range
from rnnbench.reading import entries, read_file, real_path, user_path

_NUMBER = re.compile(r"\d{1,9}")
_NAME = re.compile(r"qa(?P<task>\d+)_(?:(?P<title>.+)_)?(?P<split>train|valid|test)\.txt")
_SHARE = Range(above=0, most=0.5)
_SPLITS: dict[Split, str] = {"train": "train", "validation": "valid", "test": "test"}


class BabiLine(NamedTuple):
    """A line of a story: a sentence, or a question with its answer."""

    number: int
    text: str
    answer: str | None
    """None for a sentence."""
    supporting: tuple[int, ...]
    """Numbers of lines, as they stand there."""


class Babi(Source):
    """The text files of the bAbI tasks: ``qa1_single-supporting-fact_train.txt``, ``..._test.txt`` and so on.

    Args:
        path: The folder of one setting, such as ``tasks_1-20_v1-2/en-10k``.
        validation: Share of the training stories of each task that are for validation, the last ones, where there is
            no ``qa1_valid.txt``.
    """

    def __init__(self, path: str, validation: Annotated[float, _SHARE] = 0.1) -> None:
        self.path = user_path(path, "--data.source.path")
        self.dataset = f"babi_{real_path(self.path).name}".replace("-", "_")
        self.validation = validation
        self._places: dict[Split, list[str]] = {}

    def rows(self, split: Split) -> list[Row]:
        """A row for each question, task after task: ``task``, ``story``, ``question``, ``answer``, ``supporting``.

        Args:
            split: The split.

        Raises:
            UserError: There is no such file, or it is not written like those of bAbI.
        """
        if not self.path.is_dir():
            raise UserError(
                "there is no such folder",
                where=f"--data.source.path {self.path}",
                hint="name the folder with qa1_single-supporting-fact_train.txt and the others",
            )
        files: dict[int, dict[str, Path]] = {}
        for path in entries(self.path):
            named = _NAME.fullmatch(path.name)
            if named:
                files.setdefault(int(named["task"]), {})[named["split"]] = path
        found: list[Row] = []
        places: list[str] = []
        for task, of_task in sorted(files.items()):
            for row, place in self._of_task(task, of_task, split):
                found.append(row)
                places.append(place)
        if not found:
            raise UserError(
                f"there is no file of {split}",
                where=self.path,
                hint="files are called qa1_NAME_train.txt, ..._test.txt",
            )
        self._places[split] = places
        return found

    def place(self, split: Split, number: int) -> str:
        """File and line of a question."""
        if split not in self._places:
            self.rows(split)
        return self._places[split][number]

    def _of_task(self, task: int, files: dict[str, Path], split: Split) -> list[tuple[Row, str]]:
        cut = split != "test" and "valid" not in files
        path = files.get("train" if cut else _SPLITS[split])
        if path is None:
            return []
        stories = list(read_babi(read_file(path), path))
        if cut:
            kept = len(stories) - int(self.validation * len(stories))
            stories = stories[:kept] if split == "train" else stories[kept:]
        return [({"task": str(task), **row}, f"{path}, line {line}") for story in stories for row, line in story]


def read_babi(data: bytes, path: Path) -> Iterator[list[tuple[Row, int]]]:
    """The stories of a file, each as its questions with the lines on which they stand.

    Args:
        data: The file's content.
        path: The file, for errors.

    Raises:
        UserError: A line is not written like those of bAbI.
    """
    sentences: list[str] = []
    places: dict[int, int] = {}
    questions: list[tuple[Row, int]] = []
    before = 0
    for at, text in enumerate(split_lines(decode(data, path)), start=1):
        if not text.strip():
            continue
        line = parse_line(text, f"{path}, line {at}")
        if line.number == 1:
            if questions:
                yield questions
            sentences, places, questions = [], {}, []
        elif line.number != before + 1:
            raise UserError(
                f"line number {line.number} follows {before}",
                where=f"{path}, line {at}",
                hint="the lines of a story are numbered from 1, and 1 begins a new story",
            )
        before = line.number
        if line.answer is None:
            places[line.number] = len(sentences)
            sentences.append(line.text)
            continue
        for number in line.supporting:
            if number not in places:
                raise UserError(f"supporting line {number} is no sentence of this story", where=f"{path}, line {at}")
        supporting = [places[number] for number in line.supporting]
        row = {"story": list(sentences), "question": line.text, "answer": line.answer, "supporting": supporting}
        questions.append((row, at))
    if questions:
        yield questions


def parse_line(text: str, where: str) -> BabiLine:
    """A line of a file, such as ``1 Mary went to the office.`` or ``3 Where is Mary?<tab>office<tab>1``.

    Args:
        text: The line.
        where: Where it stands.

    Raises:
        UserError: It is not written like that.
    """
    number, _, rest = text.strip().partition(" ")
    if not _NUMBER.fullmatch(number):
        raise UserError(f"a line begins with its number, found {text[:40]!r}", where=where)
    said, *more = (part.strip() for part in rest.split("\t"))
    if not has_word(said):
        raise UserError("there is no word on the line", where=where)
    if not more:
        if said.endswith("?"):
            raise UserError(
                "a question has no answer", where=where, hint="behind the question come a tab and the answer"
            )
        return BabiLine(int(number), said, None, ())
    supporting = more[1].split() if len(more) > 1 else []
    if not all(map(_NUMBER.fullmatch, supporting)):
        raise UserError(f"supporting lines are numbers, found {more[1]!r}", where=where)
    return BabiLine(int(number), said, more[0], tuple(map(int, supporting)))
