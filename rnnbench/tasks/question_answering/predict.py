"""Answers of a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.data.stories.question import Question, has_word
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import read_file
from rnnbench.tasks.question_answering.model import Answer, QuestionModel
from rnnbench.tasks.question_answering.reading import bare

_NOTHING = "-"
_AT_ONCE = 512
_NUMBER = re.compile(r"^\s*(\d{1,9})\s+")


class _Asked(NamedTuple):
    """A question with the story before it, which may have no sentence."""

    story: tuple[str, ...]
    question: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="answer, probability, question, and below them the sentence that each hop looks at most; or JSON with how"
        " much it looks at every sentence (default: text)",
    )
    parser.add_argument(
        "--story",
        metavar="FILE",
        help="begin every story with the sentences of this file, as for questions from stdin",
    )
    parser.add_argument("--task", metavar="NAME", help="the task of the questions, for a model with weights for each")


def predict(model: QuestionModel, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Answers the questions among the lines.

    A line that ends with a question mark is a question about the lines before it; an empty line, or one with the number
    1, begins a new story. Numbers before a line, and answers behind a tab, as in the files of bAbI, are not read.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        For each question the answer, its probability and the question, parted by tabs, ``-`` twice where there is no
        story; then a line for each hop. Or a line of JSON.
    """
    if not lines:
        raise UserError(
            "there is no question",
            where="rnnbench predict",
            hint="name a file with a story and questions, or - for stdin",
        )
    task = _task(model, arguments.task)
    reader = _Reader(arguments.story)
    for part in in_parts(lines, _AT_ONCE):
        asked = list(reader.read(text for text, _ in part))
        told = [one for one in asked if one.story]
        found = iter(model.answer([Question(task, one.story, one.question, _NOTHING, ()) for one in told]))
        for one in asked:
            answer = next(found) if one.story else None
            yield _json(one, answer) if arguments.format == "json" else _text(one, answer)


def warnings(model: QuestionModel, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """Which questions have no story, and which words the model has never seen."""
    found, told = [], bool(arguments.story)
    missing: dict[str, None] = {}
    for text, where in lines:
        said = _said(text)
        if said is None or _begins(text):
            told = bool(arguments.story)
        if said is None:
            continue
        missing |= dict.fromkeys(model.encoder.missing(bare(said)))
        if _is_question(said) and not told:
            found.append(f"{where}: there is no sentence before the question, so no answer")
        told = told or not _is_question(said)
    if missing:
        names = ", ".join(map(repr, list(missing)[:10]))
        found.append(f"words that training does not have ({len(missing):,}): {names}")
    return found


class _Reader:
    """Goes through lines, and keeps the story so far.

    Args:
        story: A file with which every story begins; None for none.
    """

    def __init__(self, story: str | None) -> None:
        self._begin: list[str] = []
        if story is not None:
            path = Path(story)
            said = [_said(line) for line in split_lines(decode(read_file(path), path))]
            self._begin = [one for one in said if one is not None and not _is_question(one)]
            if not self._begin:
                raise UserError("there is no sentence in it", where=f"--story {story}")
        self._story = list(self._begin)

    def read(self, lines: Iterable[str]) -> Iterator[_Asked]:
        """The questions among further lines."""
        for text in lines:
            said = _said(text)
            if said is None or _begins(text):
                self._story = list(self._begin)
            if said is None:
                continue
            if _is_question(said):
                yield _Asked(tuple(self._story), said)
            else:
                self._story.append(said)


def _said(line: str) -> str | None:
    """What a line says, without a number before it and an answer behind it; None where there is no word."""
    said = _NUMBER.sub("", line.partition("\t")[0], count=1).strip()
    return said if has_word(said) else None


def _begins(line: str) -> bool:
    """Whether a line has the number 1."""
    number = _NUMBER.match(line)
    return number is not None and int(number[1]) == 1


def _is_question(said: str) -> bool:
    return said.endswith("?")


def _task(model: QuestionModel, name: str | None) -> str:
    """The task of all questions; the first one where it makes no difference.

    Raises:
        UserError: The model has none of this name, or one has to be named.
    """
    if name is not None and name not in model.tasks:
        raise UserError(
            f"the model was trained on no task {name!r}; its tasks: {', '.join(model.tasks)}",
            where="--task",
            hint=did_you_mean(name, model.tasks),
        )
    if name is None and model.parted and len(model.tasks) > 1:
        raise UserError(
            "the model has weights of its own for each task",
            where="rnnbench predict",
            hint=f"name one: --task {model.tasks[0]}; its tasks: {', '.join(model.tasks)}",
        )
    return model.tasks[0] if name is None else name


def _text(asked: _Asked, answer: Answer | None) -> str:
    if answer is None:
        return f"{_NOTHING}\t{_NOTHING}\t{asked.question}\n"
    lines = [f"{answer.text}\t{answer.probability:.4f}\t{asked.question}"]
    for hop, weights in enumerate(answer.looks, start=1):
        most = max(range(len(weights)), key=weights.__getitem__)
        lines.append(f"  hop {hop}\t{weights[most]:.4f}\t{asked.story[most]}")
    return "\n".join(lines) + "\n"


def _json(asked: _Asked, answer: Answer | None) -> str:
    if answer is None:
        return json_line({"question": asked.question, "answer": None, "probability": None, "story": [], "hops": []})
    return json_line(
        {
            "question": asked.question,
            "answer": answer.text,
            "probability": answer.probability,
            "story": list(asked.story),
            "hops": answer.looks,
        }
    )
