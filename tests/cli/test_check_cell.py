"""``rnnbench check-cell`` on cells in the user's working folder."""

import sys

import pytest

MINE = """
import torch
from rnnbench.cells.base import GatedCell


class Mine(GatedCell):
    emits = 0

    def step(self, z, state):
        hidden = torch.tanh(z + self.recur(state[0])) {wrong}
        return hidden, (hidden,)
"""


@pytest.fixture
def write_cell(tmp_path, monkeypatch):
    def write(module, wrong=""):
        (tmp_path / f"{module}.py").write_text(MINE.format(wrong=wrong))

    # Modules of one test are unknown to the next.
    monkeypatch.setattr(sys, "path", [*sys.path])
    return write


def test_a_right_cell(rnnbench, write_cell):
    write_cell("right_cell")
    done = rnnbench("check-cell right_cell.Mine")
    assert done.status == 0
    assert done.out.count("  ok  ") == 16
    assert "right_cell.Mine keeps all 16 laws and runs on the" in done.out


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("* len(z)", "the sequences of a batch do not meet: a sequence gives another result alone"),
        ("- (z + state[0]).mean()", "the sequences of a batch do not meet"),
        ("+ torch.rand_like(z)", "another output: draw nothing in step"),
        ("* torch.nn.functional.dropout(torch.ones_like(z), 0.5, self.training)", "another output in training"),
        ("+ z.mul_(2)", "step changes neither z nor the state in place: z is another one afterwards"),
        (".detach()", "Is a value detached, or rounded?"),
        ("[:, :1]", "the output is (4, 1), output_size says (4, 6)"),
        (", z  #", "step has to return an output and a tuple of tensors"),
    ],
)
def test_a_wrong_cell_is_told_the_law(rnnbench, write_cell, request, wrong, message):
    module = f"wrong_cell_{request.node.callspec.indices['wrong']}"
    write_cell(module, wrong)
    done = rnnbench(f"check-cell {module}.Mine")
    assert done.status == 2
    assert message in done.err


def test_a_second_matrix_that_meets_the_state(rnnbench, tmp_path, write_cell):
    write_cell("second")
    text = (tmp_path / "second.py").read_text()
    (tmp_path / "second.py").write_text(
        text.replace(
            "    def step",
            "    def __init__(self, i, h):\n        super().__init__(i, h)\n"
            "        self.own = torch.nn.Linear(h, h)\n\n    def step",
        ).replace("state[0]))", "state[0]) + self.own(state[0]))")
    )
    done = rnnbench("check-cell second.Mine")
    assert done.status == 2
    assert "step multiplies the state by own.weight, which is not in it" in done.err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("+ torch.ones(7)", "faulty_0.py, line 10\n  RuntimeError: The size of tensor a (6)"),
        ("+ self.recurr", "faulty_1.py, line 10\n  AttributeError: 'Mine' object has no attribute 'recurr'"),
        ("+ (", "faulty_2.py, line 10\n  SyntaxError: '(' was never closed"),
        ("; import no_such_library", "faulty_3.py, line 10\n  ModuleNotFoundError"),
    ],
)
def test_a_fault_in_the_users_own_file(rnnbench, write_cell, request, wrong, message):
    module = f"faulty_{request.node.callspec.indices['wrong']}"
    write_cell(module, wrong)
    done = rnnbench(f"check-cell {module}.Mine", debug=False)
    assert done.status == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("LSTN", "did you mean: LSTM"),
        ("no_such_file.Mine", "there is no module no_such_file"),
        ("odd_cell.Mind", "did you mean: Mine"),
        ("odd_cell.torch", "torch is no subclass of RNNCell"),
    ],
)
def test_names_that_are_no_cell(rnnbench, write_cell, name, message):
    write_cell("odd_cell")
    done = rnnbench(f"check-cell {name}")
    assert done.status == 2
    assert message in done.err
