"""Words that belong to a regular language, and words that do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton, explored
from rnnbench.data.automata.expression import automaton_of
from rnnbench.data.automata.table_file import read_automaton
from rnnbench.data.automata.words import WordChooser, check_told_apart
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.long_range.finite_state import FiniteState
from rnnbench.errors import UserError
from rnnbench.reading import user_path


@dataclass(frozen=True)
class _Chosen(FiniteState):
    """Words are drawn so that all outputs are as likely, see `WordChooser`."""

    @cached_property
    def chooser(self) -> WordChooser:
        """Draws words of a length."""
        return WordChooser(self.automaton)

    def word(self, length: int, draw: Draw) -> list[int]:
        """See `FiniteState.word`."""
        return self.chooser.word(length, draw)

    def words(self, length: int, draws: Draws) -> NDArray[np.int64]:
        """See `FiniteState.words`."""
        return self.chooser.words(length, draws)


@dataclass(frozen=True)
class RegularLanguage(_Chosen):
    """Whether a word belongs to the language of a regular expression. The length is that of the word.

    Args:
        every_step: Whether this is asked after each symbol rather than after the last one.
        expression: The expression, such as ``(ab|ba)*``: that of the whole word.
        symbols: The symbols, a character each, such as ``abc``; null for those that the expression names.
    """

    expression: str = "(ab)*"
    symbols: str | None = None

    dataset = "regular_language"

    def __post_init__(self) -> None:
        if self.symbols is not None and len(set(self.symbols)) < len(self.symbols):
            raise UserError("a symbol stands there twice", where="--data.source.symbols")
        _ = self.automaton

    @property
    def machine(self) -> Automaton:
        """That of the expression."""
        return automaton_of(self.expression, self.symbols)


@dataclass(frozen=True)
class AutomatonFile(_Chosen):
    """What the automaton of a file says of a word. The length is that of the word.

    Args:
        every_step: Whether this is asked after each symbol rather than after the last one.
        path: The file, see `rnnbench.data.automata.table_file.read_automaton`.
    """

    path: str = ""

    def __post_init__(self) -> None:
        if not self.path:
            raise UserError("a file is missing", where="--data.source.path", hint="a table, a line for each state")
        check_told_apart(self.automaton, self.path)

    def identity(self) -> dict[str, Any]:
        """See `Problem.identity`: the automaton, not the file."""
        return super().identity() | {"path": self.automaton.to_plain()}

    @property
    def dataset(self) -> str:  # type: ignore[override]
        """Name of the file."""
        return user_path(self.path, "--data.source.path").stem

    @property
    def machine(self) -> Automaton:
        """That of the file."""
        return read_automaton(user_path(self.path, "--data.source.path"))


@dataclass(frozen=True)
class Tomita(_Chosen):
    """One of the seven languages over 0 and 1 of M. Tomita, 1982. The length is that of the word.

    1: ``1*``; 2: ``(10)*``; 3: no odd number of 0 in a row comes after an odd number of 1 in a row; 4: not 000; 5: both
    0 and 1 an even number of times; 6: as many 0 as 1, up to a multiple of 3; 7: ``0*1*0*1*``.

    Args:
        every_step: Whether this is asked after each symbol rather than after the last one.
        number: Which language.
    """

    number: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 7:
            raise UserError(f"must be from 1 to 7, found {self.number}", where="--data.source.number")

    @property
    def dataset(self) -> str:  # type: ignore[override]
        """Name with the number."""
        return f"tomita_{self.number}"

    @property
    def machine(self) -> Automaton:
        """The least automaton."""
        if self.number in _EXPRESSIONS:
            return automaton_of(_EXPRESSIONS[self.number], "01")
        start, after, accepts = {3: _TOMITA_3, 4: _TOMITA_4, 5: _TOMITA_5, 6: _TOMITA_6}[self.number]
        return explored(start, "01", after, lambda state: "yes" if accepts(state) else "no").minimal()


_EXPRESSIONS = {1: "1*", 2: "(10)*", 7: "0*1*0*1*"}


def _runs(state: tuple[str, bool, bool, bool], symbol: str) -> tuple[str, bool, bool, bool]:
    """Symbol of the run, whether it is odd, whether a run of 1 that has ended was odd, whether all is lost."""
    running, odd, owed, lost = state
    if symbol == running:
        return running, not odd, owed, lost
    return symbol, True, owed or (running == "1" and odd), lost or (running == "0" and odd and owed)


_TOMITA_3 = (
    ("", False, False, False),
    _runs,
    lambda state: not state[3] and not (state[0] == "0" and state[1] and state[2]),
)
_TOMITA_4 = (0, lambda zeros, symbol: 3 if zeros == 3 else (zeros + 1) * (symbol == "0"), lambda zeros: zeros < 3)
_TOMITA_5 = (
    (0, 0),
    lambda odd, symbol: (odd[0] ^ (symbol == "0"), odd[1] ^ (symbol == "1")),
    lambda odd: odd == (0, 0),
)
_TOMITA_6 = (0, lambda more, symbol: (more + (1 if symbol == "0" else -1)) % 3, lambda more: more == 0)
