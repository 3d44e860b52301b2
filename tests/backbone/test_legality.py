"""Every combination that means nothing is refused, by its own rule."""

from functools import partial

import pytest
import torch
from torch import nn

from rnnbench.backbone import Backbone, Dropout
from rnnbench.backbone.legality import ILLEGAL
from rnnbench.cells import GRU, LSTM, RNNCell, Zoneout
from rnnbench.errors import UserError


class Unweighted(RNNCell):
    """Meets its state without a weight, and gives out none of it."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.weight = nn.Parameter(torch.zeros(hidden_size, input_size))

    def step(self, z, state):
        h = 0.5 * state[0] + 0.5 * nn.functional.linear(z, self.weight)
        return torch.tanh(h), (h,)


EXAMPLES = [
    {"cell": LSTM, "merge": "sum"},
    {"cell": LSTM, "dropout": Dropout(state=0.5, locked=True)},
    {"cell": Unweighted, "dropout": Dropout(state=0.5)},
    {"cell": Unweighted, "weight_drop": 0.5},
    {"cell": Unweighted, "recurrent_init": "orthogonal"},
]
REPAIRS = [
    {"bidirectional": True},
    {"dropout": Dropout(state=0.5, input=0.1, locked=True)},
    {"cell": GRU},
    {"cell": GRU},
    {"cell": GRU},
]


def test_every_rule_has_an_example():
    assert len(ILLEGAL) == len(EXAMPLES) == len(REPAIRS)


@pytest.mark.parametrize(("rule", "options", "repair"), list(zip(ILLEGAL, EXAMPLES, REPAIRS, strict=True)))
def test_rules(rule, options, repair):
    with pytest.raises(UserError) as caught:
        Backbone(3, hidden_size=4, **options)
    assert caught.value.problem == "Backbone: " + rule.problem.format(cell=options["cell"].__name__)
    assert caught.value.hint == rule.hint
    Backbone(3, hidden_size=4, **{**options, **repair})


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: Backbone(3, LSTM, 8, dropout=Dropout(state=0.1), engine="torch"), "no locked dropout on the state"),
        (lambda: Backbone(3, Zoneout, 8, engine="torch"), "torch.nn has no layer that equals Zoneout"),
        (lambda: Backbone(3, partial(Zoneout, cell=Unweighted), 8), "the output of Unweighted is no leaf of its state"),
        (
            lambda: Backbone(3, bidirectional=True).step(torch.zeros(2, 3), ()),
            "a bidirectional stack cannot step",
        ),
    ],
)
def test_what_is_refused_elsewhere(refused, message):
    with pytest.raises(UserError, match=message):
        refused()
