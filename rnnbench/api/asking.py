"""A run with options, ready to be asked again and again: what `Run.predict` and the server answer with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rnnbench.errors import UserError

if TYPE_CHECKING:
    from rnnbench.api.run import Run

_NO_OPTIONS = ("run", "format", "output", "checkpoint")


class Asking:
    """Reads inputs, warns of them, answers them.

    Args:
        run: The trained run.
        words: Options of ``rnnbench predict``, as it reads them.

    Raises:
        UserError: An option is wrong.
    """

    def __init__(self, run: Run, words: Sequence[str] = ()) -> None:
        from rnnbench.cli.predict import read_words

        self._asked = read_words([f"--run={run.path}", *words])
        self._arguments = self._asked.arguments
        self._in_json = hasattr(self._arguments, "format")
        if self._in_json:
            self._arguments.format = "json"
        self._model = run.placed(self._arguments)

    @property
    def reads_files(self) -> bool:
        """Whether an input is the path of a file, and not a text."""
        return self._asked.card.input == "files"

    def read(self, inputs: Sequence[Any]) -> list[Any]:
        """Inputs as the application takes them.

        Args:
            inputs: Texts, or paths.

        Raises:
            UserError: One cannot be read.
        """
        if self.reads_files:
            return list(self._asked.application.read_inputs(inputs, self._arguments))
        return [(_text(one), f"input {number}") for number, one in enumerate(inputs, start=1)]

    def warnings(self, read: Sequence[Any]) -> list[str]:
        """What a user should know before reading the answers.

        Args:
            read: What `read` gave.
        """
        application = self._asked.application
        return application.warnings(self._model, read, self._arguments) if hasattr(application, "warnings") else []

    def answers(self, read: Sequence[Any]) -> list[dict[str, Any]]:
        """An answer for each input, of some applications for each question or series in it; plain values.

        Args:
            read: What `read` gave.

        Raises:
            UserError: An input has no answer.
        """
        from rnnbench.cli.placing import in_precision

        with in_precision(self._arguments):
            pieces = self._asked.application.predict(self._model, read, self._arguments)
            if self._in_json:
                return [json.loads(line) for line in pieces]
            return [{"answer": line} for line in "".join(pieces).splitlines()]


def as_words(options: Mapping[str, Any]) -> list[str]:
    """Options of Python as words of ``rnnbench predict``.

    Args:
        options: Values by their names; None and False for one that is not given.

    Raises:
        UserError: One is no option of a prediction whose answers are given back.
    """
    words = []
    for name, value in options.items():
        option = f"--{name}" if name in ("top_k", "top_p") else f"--{name.replace('_', '-')}"
        if name in _NO_OPTIONS:
            raise UserError("is no option here", where=name, hint="predict gives its answers back")
        if value is True:
            words.append(option)
        elif isinstance(value, (list, tuple)):
            words += [option, *map(str, value)]
        elif value is not None and value is not False:
            words.append(f"{option}={value}")
    return words


def _text(one: Any) -> str:
    if not isinstance(one, str):
        raise UserError(f"texts are wanted, found {type(one).__name__}", where="predict", hint="such as frame['text']")
    return one
