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
        ("* state[0].detach()", "for the output with respect to leaf 0 of the state before"),
        ("* torch.nan", "a step makes infinite values, or nan, of ordinary ones"),
        ("[:, :1]", "the output is (4, 1), output_size says (4, 6); gates = 1 makes z (4, 6)"),
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
    ("old", "new", "message"),
    [
        ("emits = 0", "emits = 1", "emits is 1, and the state has 1 leaves, counted from 0"),
        ("emits = 0", "def state_spec(self): return (6,)", "state_spec has to return a tuple of shapes"),
        ("emits = 0", "def state_spec(self): return 6", "found 6"),
        ("(hidden,)", "(hidden[:, :1],)", "the new state has [(4, 1)], state_spec says [(4, 6)]"),
        ("(hidden,)", "hidden", "step has to return an output and a tuple of tensors"),
        ("step(self, z, state)", "step(self, z, h, c)", "missing 1 required positional argument: 'c'"),
        ("def step", "def stop", "Can't instantiate abstract class"),
        ("emits = 0", "def __init__(self, i, h): pass", "AttributeError"),
        ("emits = 0", "def __init__(self, h): pass", "cannot be made and run"),
    ],
)
def test_a_cell_that_is_not_what_it_declares(rnnbench, tmp_path, write_cell, request, old, new, message):
    module = f"declared_{request.node.callspec.indices['old']}"
    write_cell(module)
    path = tmp_path / f"{module}.py"
    path.write_text(
        path.read_text().replace(old, new, 1) if old != "(hidden,)" else new.join(path.read_text().rsplit(old, 1))
    )
    done = rnnbench(f"check-cell {module}.Mine", debug=False)
    assert done.status == 2
    assert message in done.err
    assert "pydoc rnnbench.cells.base.RNNCell" in done.err


def test_a_cell_of_a_wrong_shape_trains_on_no_engine(rnnbench, tmp_path, write_cell):
    write_cell("narrow")
    path = tmp_path / "narrow.py"
    path.write_text(path.read_text().replace("hidden, (hidden,)", "hidden, (hidden[:, :-1],)"))
    done = rnnbench("fit --config text_generation/char_lstm --model.backbone.cell narrow.Mine")
    assert done.status == 2
    assert "narrow.Mine\n  the new state has [(4, 255)], state_spec says [(4, 256)]" in done.err
    assert "rnnbench check-cell narrow.Mine" in done.err


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("self.norm(z) + self.recur(state[0])", "the buffer norm.running_mean is another one after a step"),
        ("z - self.training * z.mean(0) + self.recur(state[0])", "another result in another batch in training"),
        ("z + self.recur(state[0]) + state[0] @ self.more", "state by more without passing it through drop_state"),
    ],
)
def test_what_shows_in_training_only(rnnbench, tmp_path, write_cell, inside, message, request):
    module = f"training_{request.node.callspec.indices['inside']}"
    write_cell(module)
    path = tmp_path / f"{module}.py"
    path.write_text(
        path.read_text()
        .replace("z + self.recur(state[0])", inside)
        .replace(
            "    def step",
            "    recurrent_weights = ('weight_hh', 'more')\n\n    def __init__(self, i, h):\n"
            "        super().__init__(i, h)\n        self.more = torch.nn.Parameter(torch.zeros(h, h))\n"
            "        self.norm = torch.nn.BatchNorm1d(h)\n\n    def step",
        )
    )
    done = rnnbench(f"check-cell {module}.Mine")
    assert done.status == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("LSTN", "did you mean: LSTM"),
        ("Mine", "Mine of my_cell.py in this folder: my_cell.Mine"),
        ("./odd_cell.Mine", "no name of a class"),
        ("odd_cell:Mine", "no name of a class"),
        ("odd_cell.py.Mine", "name the class in it, such as odd_cell.Mine"),
        ("odd_cell.py", "name the class in it, such as odd_cell.Mine"),
        ("statistics.Mine", "statistics is a module of Python's already"),
        ("no_such_file.Mine", "there is no module no_such_file"),
        ("odd_cell.Mind", "did you mean: Mine"),
        ("odd_cell.torch", "torch is no subclass of RNNCell"),
    ],
)
def test_names_that_are_no_cell(rnnbench, write_cell, name, message):
    write_cell("odd_cell")
    write_cell("statistics")
    done = rnnbench(f"check-cell {name}")
    assert done.status == 2
    assert message in done.err
