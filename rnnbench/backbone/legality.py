"""Which options of a backbone do not go together: one table, which the tests walk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rnnbench.backbone.regularize import ignores_state_mask
from rnnbench.errors import UserError

if TYPE_CHECKING:
    from rnnbench.backbone.stack import Backbone


class Rule(NamedTuple):
    """A combination that means nothing.

    Args:
        problem: Why, as an error says it; ``{cell}`` stands for the name of the cell.
        hint: What to do about it.
        broken: Whether a backbone has this combination.
    """

    problem: str
    hint: str
    broken: Callable[[Backbone], bool]


ILLEGAL = (
    Rule(
        "merge is 'sum', and there is one direction only",
        "bidirectional: true, or merge: concat",
        lambda stack: stack.merge == "sum" and not stack.bidirectional,
    ),
    Rule(
        "dropout is locked, and has no rate for input, between or output",
        "dropout: {between: 0.3, locked: true}",
        lambda stack: (
            stack.dropout.locked and not (stack.dropout.input or stack.dropout.between or stack.dropout.output)
        ),
    ),
    Rule(
        "dropout on the state changes nothing in {cell}: no product with weights in its step passes through drop_state",
        "dropout: {state: 0}",
        lambda stack: stack.dropout.state > 0 and ignores_state_mask(stack.cells[0][0]),
    ),
    Rule(
        "weight drop acts on the matrices that meet the state, and {cell} names none as recurrent_weights",
        "weight_drop: 0",
        lambda stack: stack.weight_drop > 0 and not stack.cells[0][0].recurrent_weights,
    ),
    Rule(
        "orthogonal initialisation acts on the matrices that meet the state, and {cell} names none as"
        " recurrent_weights",
        "recurrent_init: cell",
        lambda stack: stack.recurrent_init == "orthogonal" and not stack.cells[0][0].recurrent_weights,
    ),
)
"""What is refused when a backbone is made. Refused elsewhere, where it shows: a hidden size beside a budget of
parameters (`Backbone`), a step of a bidirectional stack (`Backbone.step`), an engine that cannot run the cell or masks
of its state (`rnnbench.engine.select_engine`), zoneout around a cell that emits no leaf (`rnnbench.cells.Zoneout`)."""


def check(stack: Backbone) -> None:
    """Refuses a backbone that breaks a rule.

    Raises:
        UserError: The first rule that is broken.
    """
    for rule in ILLEGAL:
        if rule.broken(stack):
            name = type(stack.cells[0][0]).__name__
            raise UserError("Backbone: " + rule.problem.format(cell=name), hint=rule.hint)
