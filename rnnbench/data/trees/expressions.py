"""List expressions made by a grammar, whose value only their structure tells, deeper in the test than in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rnnbench.data.formats.trees import NO_LABEL
from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.source import Row, Split
from rnnbench.errors import UserError

_SEED = 13
_MOST_ARGUMENTS = 4
# Expressions of this depth have thousands of tokens.
_DEEPEST = 30
_DIGITS = tuple(range(10))


def _median(values: Sequence[int]) -> int:
    """The middle one; of an even number, the mean of the middle two without its half."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) // 2


OPERATORS: Mapping[str, Callable[[Sequence[int]], int]] = {
    "[MAX": max,
    "[MIN": min,
    "[MED": _median,
    "[SM": lambda values: sum(values) % 10,
}
"""What each operator makes of its arguments: largest, smallest, median, sum modulo 10."""


class GeneratedExpressions(Generated):
    """Expressions over digits, such as ``[MAX 2 9 [MIN 4 7 ] 0 ]``, whose class is their value, a digit.

    The problem of N. Nangia and S. R. Bowman, ListOps: A Diagnostic Dataset for Latent Tree Learning, NAACL Student
    Research Workshop 2018, with their trees: an operator takes its arguments one by one, then its end. Digits and whole
    expressions are labelled, what lies between is not. No expression stands there twice.

    Args:
        train: Number of expressions in training.
        held_out: Number of expressions in validation and in test, each.
        depth: How deep expressions are nested in training and validation, at most; each depth is as frequent.
        test_depth: How deep they are in the test, at most; each depth from 1 is as frequent.
    """

    def __init__(
        self,
        train: int = 10000,
        held_out: int = 2000,
        depth: int = 4,
        test_depth: int = 8,
    ) -> None:
        check_sizes(train=train, held_out=held_out, depth=depth, test_depth=test_depth)
        if max(depth, test_depth) > _DEEPEST:
            raise UserError(
                f"must be at most {_DEEPEST}, found {max(depth, test_depth)}", where="--data.source.test_depth"
            )
        # Held out first: they stay what they are when there is more to train on.
        super().__init__("generated_expressions", _SEED, {"test": held_out, "validation": held_out, "train": train})
        self.depth = depth
        self.test_depth = test_depth

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """An expression with ``text``, ``label``, ``tree`` and ``depth``."""
        deepest = self.test_depth if split == "test" else self.depth
        depth = number % deepest + 1
        tree, value, tokens = _expression(depth, choose)
        return {"text": " ".join(tokens), "label": str(value), "tree": tree, "depth": depth}

    def text(self, row: Row) -> str:
        """The expression."""
        return row["text"]


def _expression(depth: int, choose: Choose) -> tuple[str, int, list[str]]:
    """An expression that is nested so deep: its tree in brackets, its value, its tokens."""
    if depth == 0:
        digit = choose(_DIGITS)
        return f"({digit} {digit})", digit, [str(digit)]
    operator = choose(tuple(OPERATORS))
    count = choose(range(2, _MOST_ARGUMENTS + 1))
    deepest = choose(range(count))
    # One argument is as deep as it has to be. Of the others one in five is an expression, of a depth of its own: more,
    # and the deepest ones would have thousands of tokens.
    depths = [
        depth - 1 if place == deepest else choose((0, 0, 0, 0, 1)) and choose(range(depth)) for place in range(count)
    ]
    arguments = [_expression(one, choose) for one in depths]
    value = OPERATORS[operator]([value for _, value, _ in arguments])
    tree, tokens = operator, [operator]
    for argument, _, part in arguments:
        tree = f"({NO_LABEL} {tree} {argument})"
        tokens += part
    return f"({value} {tree} ])", value, [*tokens, "]"]
