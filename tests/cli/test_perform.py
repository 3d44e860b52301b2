"""What a worker of a study does with a run: it is started anywhere, and finds what lies in the working folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from rnnbench.cli import main
from rnnbench.cli.perform import look_at
from rnnbench.study.plan import Run

CELL = """
import torch
from rnnbench.cells.base import GatedCell


class Slow(GatedCell):
    emits = 0

    def step(self, z, state):
        hidden = 0.9 * state[0] + 0.1 * torch.tanh(z + self.recur(state[0]))
        return hidden, (hidden,)
"""
# As an installed command is started, which sees its own folder first and not the working folder.
_COMMAND = "import sys; sys.path.remove(''); from rnnbench.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def cell(tmp_path):
    Path("slow_cell.py").write_text(CELL)
    yield "slow_cell.Slow"
    sys.modules.pop("slow_cell", None)


def test_a_cell_of_the_working_folder_is_found(cell, small, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", str(tmp_path))])
    words = (*small.split(), "--model.backbone.cell", cell)
    outcome = look_at(Run(Path("runs"), "text_generation", "own", words, True, "best"), lambda progress: None)
    assert outcome.kind == "done", outcome
    assert outcome.parameters


def test_a_hidden_size_spends_the_parameters_of_the_whole_model(small):
    def look(*more: str, spend: tuple[str, int] | None = None):
        run = Run(Path("runs"), "text_generation", "own", (*small.split(), *more), True, "best", spend)
        return look_at(run, lambda progress: None)

    found = look(spend=("model.backbone", 20_000))
    assert found.kind == "done", found
    assert found.parameters == pytest.approx(20_000, rel=0.01)
    assert look(f"--model.backbone.hidden_size={found.hidden_size}").parameters == found.parameters
    none = look(spend=("model.backbone", 3))
    assert "no hidden size comes within 1 % of 3 parameters" in none.message


@pytest.mark.slow
def test_a_study_of_an_own_cell_from_the_command_line(cell, small, tmp_path):
    Path("own.yaml").write_text(
        "seeds: [1]\nbudget: {parameters: 80000}\ncells: [cells/gru, slow_cell.Slow]\napplications:\n"
        "  sentiment/builtin: {options: {data.source.train: 60, data.source.held_out: 20, trainer.max_steps: 2}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "study", "own.yaml", "--workers", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert main(["compare", "runs/studies/own"]) == 0
