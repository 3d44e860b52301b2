"""A run that answers requests: which options they may name, how their inputs are read, what comes back."""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import functools
import importlib
import json
import math
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.api.asking import Asking, as_words
from rnnbench.api.run import Run
from rnnbench.applications import PredictCard, load_application
from rnnbench.errors import UserError, did_you_mean

MOST = 10_000
"""Largest whole number that a request may give, a seed aside: tokens, steps and hypotheses take time and memory."""

_FILE, _NAME, _SEED = "FILE", "NAME", "seed"
_TYPES: dict[Any, str] = {int: "integer", float: "number"}
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class Option(NamedTuple):
    """An option of a prediction, as a request names it."""

    name: str
    type: str
    """As JSON has it: ``integer``, ``number``, ``boolean``, ``string``, or ``array`` of whole numbers."""
    default: Any
    choices: list[str] | None
    help: str


class Answer(NamedTuple):
    """What a request gets."""

    answers: list[dict[str, Any]]
    warnings: list[str]
    picture: str | None
    """How they came about: a PNG file in base64."""


@dataclass(eq=False)
class Question:
    """A request whose inputs were read.

    Args:
        served: The run that it asks.
        asking: The run with the request's options.
        words: Its options, as ``rnnbench predict`` reads them.
        read: Its inputs, as the application takes them.
        folder: Where its files lie, if it has any; its names are no part of what is said.
        picture: Where it is drawn how the answers came about, if that is drawn.
        show: Whether it asks how the answers came about.
    """

    served: Served
    asking: Asking
    words: tuple[str, ...]
    read: list[Any] = field(default_factory=list)
    folder: Path | None = None
    picture: Path | None = None
    show: bool = False

    @property
    def together(self) -> bool:
        """Whether it may go through the model with others: where options say nothing else."""
        return self.served.predict.together and not self.words and not self.show

    def close(self) -> None:
        """Removes its files."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


class Served:
    """A run, loaded and ready.

    Args:
        run: The run.
        placed: Words that say where it computes and how, such as ``--device=cuda``.

    Raises:
        UserError: It cannot be loaded, or there is no such device.
    """

    def __init__(self, run: Run, placed: Sequence[str] = ()) -> None:
        application = load_application(type(run.model).application)
        self.run = run
        self.card = application.card
        self.name = f"{self.card.name}/{run.path.name}"
        self.options, self._files = _options(importlib.import_module(f"{application.module}.predict"))
        self._placed = tuple(placed)
        self._asking = functools.lru_cache(maxsize=16)(lambda words: Asking(run, [*self._placed, *words]))
        self._asking(())

    @property
    def predict(self) -> PredictCard:
        """What its application reads and writes."""
        return self.card.predict

    def pages(self) -> dict[str, Path]:
        """Pages that lie in the run's folder, as ``diagnose`` and ``export`` write them, by their names in it."""
        folder = self.run.path
        return {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob("*/*.html"))}

    def question(self, asked: Any) -> Question:
        """Reads a request.

        Args:
            asked: The plain values of its body.

        Raises:
            UserError: Its form, an option or an input is wrong.
        """
        if not isinstance(asked, dict) or not isinstance(asked.get("inputs"), list):
            raise UserError("an object with a list of inputs is wanted", where="body", hint='{"inputs": ["..."]}')
        if unknown := asked.keys() - {"inputs", "options", "show"}:
            hint = did_you_mean(min(unknown), ("inputs", "options", "show"))
            raise UserError(f"there is no field {min(unknown)!r}", where="body", hint=hint)
        options, show = asked.get("options", {}), asked.get("show", False)
        if not isinstance(options, dict) or not isinstance(show, bool):
            raise UserError("options are an object, show is true or false", where="body")
        words = tuple(as_words({name: self._checked(name, value) for name, value in options.items()}))
        question = Question(self, self.asking(words), words, show=show and self.predict.show is not None)
        if self.predict.input == "files" or self.predict.show in self._files:
            question.folder = Path(tempfile.mkdtemp(prefix="rnnbench-"))
        try:
            inputs = asked["inputs"]
            if self.predict.input == "files":
                inputs = [_written(one, number, question.folder) for number, one in enumerate(inputs, start=1)]
            if question.show:
                # Some draw only where nothing is read.
                with contextlib.suppress(UserError):
                    showing = self._showing(question)
                    question.read, question.asking = showing.read(inputs), showing
                    return question
                question.picture = None
            question.read = question.asking.read(inputs)
        except BaseException as error:
            question.close()
            raise _without(error, question.folder) from None
        return question

    def asking(self, words: tuple[str, ...]) -> Asking:
        """The run with options.

        Args:
            words: The options, as ``rnnbench predict`` reads them.
        """
        return self._asking(words)

    def _showing(self, question: Question) -> Asking:
        """The run with options, and with the one that shows how it came to its answers."""
        show = self.predict.show
        assert show is not None
        if show not in self._files:
            return self.asking((*question.words, show))
        assert question.folder is not None
        question.picture = question.folder / "shown.png"
        return Asking(self.run, [*self._placed, *question.words, show, str(question.picture)])

    def _checked(self, name: str, value: Any) -> Any:
        found = next((option for option in self.options if option.name == name), None)
        if found is None:
            raise UserError(
                "is no option of this run",
                where=f"options.{name}",
                hint=did_you_mean(name, [o.name for o in self.options]),
            )
        if value is None:
            return None
        good = {
            "integer": _whole(value) and (name == _SEED or abs(value) <= MOST),
            "number": _whole(value) or (isinstance(value, float) and math.isfinite(value)),
            "boolean": isinstance(value, bool),
            "string": isinstance(value, str) and (found.choices is None or value in found.choices),
            "array": isinstance(value, list) and all(_whole(one) and abs(one) <= MOST for one in value),
        }[found.type]
        if not good:
            wanted = f"one of {', '.join(found.choices)}" if found.choices else f"of the type {found.type}"
            raise UserError(
                f"has to be {wanted}, found {json.dumps(value)[:60]}",
                where=f"options.{name}",
                hint=f"whole numbers reach to {MOST:,}" if found.type in ("integer", "array") else None,
            )
        return value


def answer(questions: Sequence[Question]) -> list[Answer | Exception]:
    """Answers questions that go through a model together; what one gets does not depend on the others.

    Args:
        questions: Questions of one run: a single one, or those that are `Question.together`.
    """
    if len(questions) == 1:
        return [_alone(questions[0])]
    read = [one for question in questions for one in question.read]
    try:
        found = questions[0].asking.answers(read)
    except Exception:  # told to the one whose it is
        found = []
    if len(found) != len(read):  # one of them has an input that has no answer
        return [_alone(question) for question in questions]
    answers = iter(found)
    told: list[Answer | Exception] = []
    for question in questions:
        mine = [next(answers) for _ in question.read]
        told.append(_told(question, mine))
    return told


def _alone(question: Question) -> Answer | Exception:
    try:
        try:
            return _told(question, question.asking.answers(question.read))
        except UserError as error:
            if not question.show or error.where != question.served.predict.show:
                raise
            # A model without attention shows none, and answers all the same.
            question.asking, question.picture = question.served.asking(question.words), None
            return _told(question, question.asking.answers(question.read), f"{error.where}: {error.problem}")
    except UserError as error:
        return _without(error, question.folder)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return error


def _told(question: Question, answers: list[dict[str, Any]], *told: str) -> Answer:
    picture = None
    if question.picture is not None and question.picture.is_file():
        picture = base64.b64encode(question.picture.read_bytes()).decode("ascii")
    warnings = [*told, *question.asking.warnings(question.read)]
    if question.folder is not None:
        answers, warnings = (_bare(one, question.folder) for one in (answers, warnings))
    return Answer(answers, warnings, picture)


def _bare(value: Any, folder: Path) -> Any:
    """A value without the folder of the request's files in any text of it."""
    if isinstance(value, dict):
        return {key: _bare(one, folder) for key, one in value.items()}
    if isinstance(value, list):
        return [_bare(one, folder) for one in value]
    return value.replace(f"{folder / 'x'}"[:-1], "") if isinstance(value, str) else value


def _without(error: BaseException, folder: Path | None) -> Any:
    if folder is None or not isinstance(error, UserError):
        return error
    return UserError(_bare(error.problem, folder), where=_bare(error.where, folder), hint=_bare(error.hint, folder))


def _written(one: Any, number: int, folder: Path | None) -> str:
    """The path of a file that came with a request, under a name that is no path."""
    if not isinstance(one, dict) or not all(isinstance(one.get(key), str) for key in ("name", "data")):
        raise UserError(
            "a file is an object with its name and its data in base64",
            where=f"inputs, number {number}",
            hint='{"name": "one.wav", "data": "UklGR..."}',
        )
    assert folder is not None
    name = _NOT_IN_NAMES.sub("_", Path(one["name"].replace("\\", "/")).name)[-100:].lstrip(".") or "file"
    path = folder / name if not (folder / name).exists() else folder / f"{number}-{name}"
    try:
        path.write_bytes(base64.b64decode(one["data"], validate=True))
    except binascii.Error:
        raise UserError("its data are no base64", where=f"inputs, number {number} ({name})") from None
    return str(path)


def _options(application: Any) -> tuple[tuple[Option, ...], frozenset[str]]:
    """The options that a request may name, and those that name a file: these are not for others to choose."""
    parser = argparse.ArgumentParser(add_help=False)
    if hasattr(application, "add_options"):
        application.add_options(parser)
    found, files = [], set()
    for action in parser._actions:
        name = action.option_strings[0].removeprefix("--").replace("-", "_")
        kind = "boolean" if action.nargs == 0 else _TYPES.get(action.type, "string")
        if action.metavar == _FILE:
            files.add(action.option_strings[0])
        elif name != "format" and (kind != "string" or action.choices or action.metavar == _NAME):
            kind = "array" if action.nargs == "+" else kind
            choices = None if action.choices is None else [str(one) for one in action.choices]
            text = (action.help or "") % {"default": action.default} if "%(" in (action.help or "") else action.help
            found.append(Option(name, kind, action.default, choices, (text or "").replace("%%", "%")))
    return tuple(found), frozenset(files)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
