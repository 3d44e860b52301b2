"""Options of stacks and regularisers, as they are typed."""

import json

import pytest
import torch
import yaml

from rnnbench.platform.checkpoint import RunCheckpoint, RunInterrupted
from rnnbench.tasks.text_generation import LanguageModel


def backbone_of(run):
    return LanguageModel.load_from_checkpoint(run / "checkpoints/best.ckpt", weights_only=True).backbone


def options_of(run):
    return yaml.safe_load((run / "config.yaml").read_text())["model"]["init_args"]["backbone"]["init_args"]


@pytest.mark.slow
def test_a_cell_around_a_cell(rnnbench, small, tmp_path):
    cell = "--model.backbone.cell Zoneout --model.backbone.cell.cell GRU --model.backbone.cell.hidden 0.2"
    assert rnnbench(f"fit {small} {cell} --trainer.max_epochs 1 --name a", debug=True).status == 0
    run = tmp_path / "runs/text_generation/a"
    outer = options_of(run)["cell"]
    assert outer["class_path"] == "rnnbench.cells.Zoneout"
    assert outer["init_args"]["cell"]["class_path"] == "rnnbench.cells.GRU"
    cell = backbone_of(run).cells[0][0]
    assert (type(cell).__name__, type(cell.cell).__name__, cell.hidden) == ("Zoneout", "GRU", 0.2)
    assert rnnbench("test --run runs/text_generation/a", debug=True).status == 0
    assert rnnbench("predict --run runs/text_generation/a --prompt the --length 5", debug=True).status == 0


def test_nested_in_a_file(rnnbench, small, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "model:\n  init_args:\n    backbone:\n      init_args:\n        cell:\n          class_path: Zoneout\n"
        "          init_args: {cell: {class_path: LSTM, init_args: {forget_bias: 2.0}}}\n"
        "        dropout: {between: 0.2, state: 0.1, locked: true}\n        num_layers: 2\n"
    )
    assert rnnbench(f"fit {small} --config mine.yaml --trainer.max_epochs 1 --name a", debug=True).status == 0
    backbone = backbone_of(tmp_path / "runs/text_generation/a")
    assert backbone.cells[1][0].cell.forget_bias == 2.0
    assert (backbone.dropout.between, backbone.dropout.state, backbone.dropout.locked) == (0.2, 0.1, True)


@pytest.mark.slow
def test_everything_at_once_resumes_with_the_same_bits(rnnbench, small, monkeypatch, tmp_path):
    backbone = {
        "num_layers": 2, "connect": "residual", "layer_norm": "true", "weight_drop": 0.3, "learned_state": "true",
        "recurrent_init": "orthogonal", "dropout.input": 0.1, "dropout.between": 0.2, "dropout.state": 0.2,
        "dropout.locked": "true", "cell": "Zoneout",
    }  # fmt: skip
    words = " ".join(f"--model.backbone.{name} {value}" for name, value in backbone.items())
    options = f"fit {small} {words} --trainer.max_epochs 2 --checkpoint.every_n_steps 1"
    assert rnnbench(f"{options} --name whole", debug=True).status == 0

    def save_and_stop(self, trainer, save=RunCheckpoint._save_last):
        save(self, trainer)
        if trainer.global_step == 3:
            raise RunInterrupted

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoint, "_save_last", save_and_stop)
        rnnbench(f"{options} --name parts")
    assert rnnbench("fit --resume runs/text_generation/parts", debug=True).status == 0
    whole, parts = (
        torch.load(tmp_path / f"runs/text_generation/{name}/checkpoints/last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "parts")
    )
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_a_budget_of_parameters(rnnbench, small, tmp_path):
    assert "--model.backbone.hidden_size 8" in small
    assert (
        rnnbench(f"fit {small} --model.backbone.parameters 50000 --trainer.max_epochs 1 --name a", debug=True).status
        == 0
    )
    count = sum(parameter.numel() for parameter in backbone_of(tmp_path / "runs/text_generation/a").parameters())
    assert abs(count - 50_000) <= 500


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cell Zoneout --model.backbone.cell.cell GRUU", "GRUU is no RNNCell"),
        ("connect residul", "'residul' is not among the choices"),
        ("dropout 1.5", r"dropout must be in [0, 1), found 1.5"),
        ("dropout.state 1.5", r"dropout.state must be in [0, 1), found 1.5"),
        ("dropout.stat 0.5", "dropout"),
        ("merge sum", "merge is 'sum', and there is one direction only"),
        ("dropout.state 0.1 --model.backbone.engine torch", "no locked dropout on the state"),
        ("gradient_checkpointing 0", "must be at least 1, found 0"),
    ],
)
def test_refusals(rnnbench, small, words, expected):
    outcome = rnnbench(f"fit {small} --model.backbone.{words}")
    assert outcome.status == 2
    assert expected in outcome.err
    assert len(outcome.err.splitlines()) <= 3


def test_an_option_of_a_preset_is_taken_back_with_null(rnnbench):
    """Whether a stack is told its width or the number of its parameters, the other one is possible."""
    back = "--model.backbone.parameters null --model.backbone.hidden_size 64"
    shown = rnnbench(f"fit --config cloze/ptb {back} --print_config")
    options = yaml.safe_load(shown.out)["model"]["init_args"]["backbone"]["init_args"]
    assert (options["parameters"], options["hidden_size"]) == (None, 64)
    there = "--model.backbone.hidden_size=null --model.backbone.parameters=9000"
    shown = rnnbench(f"fit --config text_generation/char_lstm {there} --print_config")
    options = yaml.safe_load(shown.out)["model"]["init_args"]["backbone"]["init_args"]
    assert (options["parameters"], options["hidden_size"]) == (9000, None)


def test_gradient_checkpointing_trains_the_same(rnnbench, small, tmp_path):
    found = {}
    for name, option in (("whole", ""), ("pieces", "--model.backbone.gradient_checkpointing 3")):
        assert rnnbench(f"fit {small} {option} --trainer.max_epochs 1 --name {name}", debug=True).status == 0
        record = json.loads((tmp_path / f"runs/text_generation/{name}/result.json").read_text())
        found[name] = {metric: entry["value"] for metric, entry in record["metrics"]["validation"].items()}
    assert found["pieces"] == pytest.approx(found["whole"], rel=1e-5)
