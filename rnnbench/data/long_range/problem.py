"""What a problem of long memory is: sequences in, answers at some of the steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.long_range.draws import Draw, Draws
from rnnbench.data.source import Provider, Split
from rnnbench.errors import UserError

AnswerKind = Literal["class", "bits", "numbers"]
BLANK = "_"
"""Name of the symbol that says nothing, where an answer is waited for."""


@dataclass(frozen=True)
class Inputs:
    """What stands at a step: one of some symbols, or a few numbers.

    Args:
        symbols: Names of the symbols; none where numbers stand there.
        numbers: How many numbers stand there; 0 where a symbol does.
    """

    symbols: tuple[str, ...] = ()
    numbers: int = 0

    @property
    def width(self) -> int:
        """Numbers of a step, a symbol counted as one-hot."""
        return len(self.symbols) or self.numbers


@dataclass(frozen=True)
class Answers:
    """What is asked for at a step.

    Args:
        kind: One of some classes; several bits, each of its own; or numbers.
        names: Names of the classes, of the bits, or of the numbers.
        last: Whether one answer is asked for, at the last step, rather than several.
    """

    kind: AnswerKind
    names: tuple[str, ...]
    last: bool = False


class Drawn(NamedTuple):
    """B sequences of T steps, which all are as long unless `lengths` says otherwise; or one, without B."""

    x: NDArray[Any]
    """``(B, T)`` int64 symbols, or ``(B, T, F)`` float32 numbers."""
    y: NDArray[Any]
    """``(B, T)`` int64 classes, or ``(B, T, K)`` float32 bits or numbers; 0 where nothing is asked."""
    asked: NDArray[np.bool_]
    """``(B, T)``: at which steps there is an answer. The label of a whole sequence is asked for at its last step."""
    lengths: NDArray[np.int64] | None = None
    """``(B,)``; the steps after a sequence's end are zeros."""
    states: NDArray[np.int64] | None = None
    """``(B, T)``: the state of the automaton after each step, where a problem has one."""


class Samples(Protocol):
    """The sequences of a split."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Most steps of each ``(N,)``."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The length that was asked for ``(N,)``, by which scores are told apart."""

    def draw(self, samples: NDArray[np.int64], epoch: int) -> Drawn:
        """Some of them."""


class Plan(NamedTuple):
    """How many sequences there are to be, and how long; None leaves it to the problem."""

    length: int | None = None
    min_length: int | None = None
    test_lengths: tuple[int, ...] | None = None
    train: int | None = None
    validation: int | None = None
    test: int | None = None
    seed: int = 1
    fresh: bool | None = None


class Problem(Provider):
    """Where the sequences come from."""

    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "cross_entropy", "sequence_accuracy")
    """What is measured; the first of the application's card that is among them leads."""

    @property
    @abstractmethod
    def inputs(self) -> Inputs:
        """What stands at a step."""

    @property
    @abstractmethod
    def answers(self) -> Answers:
        """What is asked for."""

    @property
    def automaton(self) -> Automaton | None:
        """The automaton that has the answers as its outputs, where the problem is one."""
        return None

    @abstractmethod
    def plan(self, wanted: Plan) -> Plan:
        """The plan with everything in it that was left to the problem.

        Raises:
            UserError: Something in it cannot be.
        """

    @abstractmethod
    def samples(self, split: Split, plan: Plan) -> Samples:
        """The sequences of a split.

        Args:
            split: The split.
            plan: As `plan` gave it.
        """

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Plain values that tell this problem from all others, whatever its data are called and wherever they lie."""

    @abstractmethod
    def fingerprint_rows(self, plan: Plan) -> Mapping[str, list[dict[str, Any]]]:
        """What stands for all sequences in a fingerprint, by splits."""


class GeneratedProblem(Problem):
    """Sequences made on the spot, as long as one likes. Subclasses are dataclasses, whose fields are their options.

    They write a sequence twice: `define` says in plain words what it is, `generate` makes a batch of the same ones.
    """

    usual: ClassVar[Plan] = Plan()
    """Lengths and sizes where nothing else is said."""

    @property
    def shortest(self) -> int:
        """The least length that there is."""
        return 1

    @abstractmethod
    def steps(self, length: int) -> int:
        """Most steps of a sequence of this length."""

    @abstractmethod
    def define(self, length: int, draw: Draw) -> Drawn:
        """One sequence, without B.

        Args:
            length: Its length.
            draw: Its random numbers.
        """

    @abstractmethod
    def generate(self, length: int, draws: Draws) -> Drawn:
        """A batch of sequences: those that `define` makes one by one.

        Args:
            length: The length of all.
            draws: Their random numbers.
        """

    def plan(self, wanted: Plan) -> Plan:
        """See `Problem.plan`."""
        given = {name: value for name, value in wanted._asdict().items() if value is not None}
        # With a length of one's own, the usual shortest and test lengths would mean nothing.
        own = "length" in given
        usual = self.usual._replace(min_length=None, test_lengths=None) if own else self.usual
        found = _DEFAULTS._asdict() | {name: value for name, value in usual._asdict().items() if value is not None}
        plan = Plan(**(found | given))
        assert plan.length is not None
        plan = plan._replace(min_length=plan.length if plan.min_length is None else plan.min_length)
        self._check(plan)
        return plan

    def identity(self) -> dict[str, Any]:
        """See `Problem.identity`: the options."""
        return {"problem": type(self).__name__, **_options(self)}

    def samples(self, split: Split, plan: Plan) -> Samples:
        """See `Problem.samples`."""
        from rnnbench.data.long_range.generated import GeneratedSamples

        return GeneratedSamples(self, split, plan)

    def fingerprint_rows(self, plan: Plan) -> Mapping[str, list[dict[str, Any]]]:
        """The first sequence of each length: with the options they stand for all others."""
        from rnnbench.data.long_range.generated import first_rows

        return first_rows(self, plan)

    def _check(self, plan: Plan) -> None:
        assert plan.length is not None
        assert plan.min_length is not None
        lengths = {"data.length": plan.length, "data.min_length": plan.min_length}
        lengths |= {"data.test_lengths": min(plan.test_lengths)} if plan.test_lengths else {}
        for name, value in lengths.items():
            if value < self.shortest:
                raise UserError(
                    f"{self.dataset} needs a length of at least {self.shortest}, found {value}", where=f"--{name}"
                )
        if plan.min_length > plan.length:
            raise UserError(
                f"{plan.min_length} is more than the greatest length, {plan.length}", where="--data.min_length"
            )
        for name in ("train", "validation", "test"):
            if getattr(plan, name) < 1:
                raise UserError(f"must be at least 1, found {getattr(plan, name)}", where=f"--data.{name}")


_DEFAULTS = Plan(length=100, train=6400, validation=1000, test=1000, fresh=True)


def _options(problem: GeneratedProblem) -> dict[str, Any]:
    """The options of a problem."""
    return {field.name: getattr(problem, field.name) for field in fields(problem)}  # type: ignore[arg-type]


def last_step(steps: int, batch: int | None = None) -> NDArray[np.bool_]:
    """Where a label of the whole sequence is asked for: ``(T,)`` or ``(B, T)``."""
    asked = np.zeros(steps if batch is None else (batch, steps), dtype=np.bool_)
    asked[..., -1] = True
    return asked
