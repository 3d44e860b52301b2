"""``rnnbench diagnose`` and the callback GradientFlow, as a user runs them."""

import csv
import json
import math

import pytest

from rnnbench.diagnostics.files import CURVES, FLOW, GATES, HEADS, MEMORY, NUMBERS, PICTURES, STATES, TRAINING


@pytest.fixture
def trained(rnnbench, small, tmp_path):
    """The same training with and without the callback."""
    watching = "--trainer.callbacks+=GradientFlow --trainer.callbacks.every 2 --trainer.callbacks.sequences 3"
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name plain", debug=True).status == 0
    assert rnnbench(f"fit {small} --trainer.max_epochs 1 --name watched {watching}", debug=True).status == 0
    return tmp_path / "runs/text_generation"


@pytest.mark.slow
def test_a_run(rnnbench, trained, same_weights):
    watched = trained / "watched"
    assert same_weights(trained / "plain", watched), "watching changes nothing, bit for bit"
    assert not (trained / "plain/diagnosis").exists()
    assert {path.name for path in (watched / "diagnosis").iterdir()} == {NUMBERS, CURVES, FLOW, GATES, TRAINING}
    with (watched / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train/loss"]]
    assert {"growth", "exp_lyapunov", "radius_weight_hh[3]", "norm_weight_hh[0]", "mean_sigmoid_1"} <= {
        name.rpartition("/")[2] for name in rows[0]
    }
    seen = [row["train/gradient_flow/backbone_layer_1/norm_weight_hh[0]"] for row in rows]
    assert len(set(seen)) == 3  # of the steps 0, 2, 4

    (trained / "read.txt").write_text('the "cat (sat) on"\n')
    out = rnnbench(f"diagnose --run {watched} --sequences 2 --text {trained}/read.txt", debug=True)
    assert out.status == 0
    assert "backbone, layer 1: LSTM 8, 2 x 100 steps; gradient x 0." in out.out
    assert {path.name for path in (watched / "diagnosis").iterdir()} == {
        *(NUMBERS, CURVES, STATES),
        *(name for name in PICTURES if name != HEADS),
    }
    assert '"pieces": ["t", "h", "e"' in (watched / "diagnosis" / STATES).read_text()
    numbers = json.loads((watched / "diagnosis" / NUMBERS).read_text())
    (cell,) = numbers["cells"]
    assert numbers["checkpoint"].endswith("best.ckpt")
    assert len(cell["gradient"]["median"]) == 100
    assert cell["gradient"]["median"][0] == 1
    assert len(cell["recurrent_weights"]) == 4
    assert [row["length"] for row in cell["truncation"]] == [1, 2, 4, 8, 16, 32, 64]
    with (watched / "diagnosis" / CURVES).open() as file:
        lines = list(csv.DictReader(file))
    assert [float(line["median"]) for line in lines] == cell["gradient"]["median"]
    assert math.isclose(float(lines[1]["linearised"]), cell["linearised_radius"])


@pytest.mark.slow
def test_an_untrained_network(rnnbench, small, tmp_path):
    """The numbers are the same whatever engine ran the network; nothing but the folder is written."""
    found = {}
    for engine in ("reference", "torch"):
        words = f"--model.backbone.engine {engine} --trainer.precision 64-true"
        out = rnnbench(f"diagnose {small} {words} --sequences 2 --output {engine}", debug=True)
        assert out.status == 0
        assert not (tmp_path / "runs").exists()
        (cell,) = json.loads((tmp_path / engine / NUMBERS).read_text())["cells"]
        found[engine] = cell["gradient"]["median"][:60]
    assert found["torch"] == pytest.approx(found["reference"], rel=1e-4)
    assert {path.name for path in (tmp_path / "torch").iterdir()} == {NUMBERS, CURVES, FLOW, GATES, MEMORY}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["there is no network to look at", "--run RUN, or --config PRESET"]),
        ("--run nowhere", ["--run nowhere", "no such run folder"]),
        ("--config text_generation/char_lstm --sequences 0", ["--sequences", "at least 1, found 0"]),
        ("--config text_generation/char_lstm --sequences many", ["--sequences"]),
        ("--config text_generation/char_lstm --checkpoint x", ["--checkpoint", "--run RUN"]),
        ("--config text_generation/char_lstm --model.backbone.cell LTSM", ["LSTM"]),
    ],
)
def test_bad_input(rnnbench, tmp_path, words, expected):
    before = {path for path in tmp_path.rglob("*") if path.name.startswith("diag")}
    out = rnnbench(f"diagnose {words}")
    assert out.status == 2
    for part in expected:
        assert part in out.err
    assert {path for path in tmp_path.rglob("*") if path.name.startswith("diag")} == before


def test_a_text_that_cannot_be_read(rnnbench, tmp_path):
    (tmp_path / "empty.txt").write_text("\n")
    for name, told in (("empty.txt", "there is no text in it"), ("nowhere.txt", "nowhere.txt")):
        out = rnnbench(f"diagnose --config sentiment/builtin --text {tmp_path}/{name}")
        assert out.status == 2
        assert told in out.err


def test_a_model_without_a_cell(rnnbench, corpus):
    source = f"--data.source Files --data.source.path {corpus}"
    out = rnnbench(f"diagnose --config text_generation/char_unigram {source}")
    assert out.status == 2
    assert "has run no recurrent cell" in out.err


def test_a_file_in_the_place_of_the_folder(rnnbench, small, tmp_path):
    (tmp_path / "file").write_text("here\n")
    out = rnnbench(f"diagnose {small} --sequences 1 --output {tmp_path}/file")
    assert out.status == 2
    assert "--output" in out.err
    assert (tmp_path / "file").read_text() == "here\n"


def test_the_callback_refuses_bad_numbers(rnnbench, small):
    out = rnnbench(f"fit {small} --trainer.callbacks+=GradientFlow --trainer.callbacks.every 0")
    assert out.status == 2
    assert "at least 1" in out.err
