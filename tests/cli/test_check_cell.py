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
    assert done.out.count("  ok  ") == 14
    assert "right_cell.Mine keeps all 14 laws and runs on the" in done.out


def test_a_wrong_cell_is_told_the_law(rnnbench, write_cell):
    write_cell("wrong_cell", "* len(z)")
    done = rnnbench("check-cell wrong_cell.Mine")
    assert done.status == 2
    assert "a padded sequence equals the sequence alone" in done.err
    assert "differs by" in done.err


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
