"""Whole runs: presets, what baselines reach, scores by length, predict, bad input."""

import csv
import json
import math
from pathlib import Path

import pytest

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("long_range/")]
DATA = "--data rnnbench.tasks.long_range.LongRangeData --data.source rnnbench.data"
MODEL = "--model rnnbench.tasks.long_range"
SIZES = "--data.train 64 --data.validation 16 --data.test 16 --trainer.max_epochs 1"
SMALL = "--model.backbone.hidden_size 8 --model.backbone.engine reference"


@pytest.fixture
def fitted(rnnbench):
    """Fits a model to a problem, tests it, and gives its metrics."""

    def fit(model, problem, options="", name="a", sizes=SIZES):
        rnnbench(f"fit {MODEL}.{model} {DATA}.{problem} {sizes} --name {name} {options}")
        rnnbench(f"test --run runs/long_range/{name}")
        result = json.loads(Path(f"runs/long_range/{name}/result.json").read_text())
        return {key: value["value"] for key, value in result["metrics"]["test"].items()} | {"_": result}

    return fit


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "mnist" not in name])
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke --name smoke --data.train 64 --data.validation 8")
    assert Path("runs/long_range/smoke/result.json").is_file()


def test_the_mean_of_adding_is_a_sixth_off(fitted):
    found = fitted(
        "GuessingModel", "Adding", "--data.length 30", sizes="--data.train 2000 --data.test 2000 --trainer.max_epochs 1"
    )
    assert found["mse"] == pytest.approx(1 / 6, rel=0.05)


def test_a_guess_on_copying_memory_is_the_published_one(fitted):
    found = fitted(
        "GuessingModel",
        "CopyMemory",
        "--data.length 50 --model.by step",
        sizes="--data.train 4000 --trainer.max_epochs 1",
    )
    assert found["cross_entropy"] == pytest.approx(10 * math.log(8) / 70, rel=0.01)


@pytest.mark.parametrize(
    "problem", ["Tomita --data.source.number 3 --data.source.every_step true", "ModularArithmetic"]
)
def test_an_automaton_knows_itself(problem, fitted):
    found = fitted("AutomatonModel", problem, "--data.length 12 --data.test_lengths [12,300]")
    assert (found["accuracy"], found["cross_entropy"]) == (1.0, 0.0)
    assert found["_"]["model"].startswith("automaton of ")


@pytest.mark.slow
def test_scores_of_each_length_are_recorded(fitted):
    found = fitted(
        "RecurrentModel", "Parity --data.source.every_step true", f"--data.length 9 --data.test_lengths [9,20] {SMALL}"
    )
    rows = list(csv.DictReader(Path("runs/long_range/a/by_length.csv").read_text().splitlines()))
    assert [(row["length"], row["sequences"]) for row in rows] == [("9", "16"), ("20", "16")]
    mean = sum(float(row["accuracy"]) for row in rows) / 2
    assert found["accuracy"] == pytest.approx(mean, rel=1e-12), "every length weighs the same"
    signature = found["_"]["metrics"]["test"]["accuracy"]["signature"]
    assert signature == "accuracy|sequences:32|lengths:9-20/2"
    assert Path("runs/long_range/a/by_length.png").is_file()


@pytest.mark.slow
def test_a_probe_reads_the_state_and_an_automaton_is_read_off(fitted):
    options = f"--data.length 9 {SMALL}"
    plain = fitted("RecurrentModel", "Tomita", options)
    probed = fitted("RecurrentModel", "Tomita", f"{options} --model.probe true", name="b")
    assert 0 < probed["state_accuracy"] <= 1
    assert "state_accuracy" not in plain
    assert Path("runs/long_range/b/automaton.png").is_file()
    assert "after" in Path("runs/long_range/b/automaton.txt").read_text().splitlines()[0]


def test_predict_answers_in_words(fitted, rnnbench):
    fitted("AutomatonModel", "RegularLanguage --data.source.expression (ab)*", "--data.length 4")
    Path("words.txt").write_text("abab\na b\naba\n\nabc\n")
    answer = rnnbench("predict --run runs/long_range/a words.txt")
    assert answer.out == "yes\tabab\nyes\ta b\nno\taba\n-\t\n-\tabc\n"
    assert answer.err.splitlines()[:-1] == [
        "words.txt, line 4: there is nothing in it",
        "words.txt, line 5: 'c' is none of the symbols a, b",
    ]
    nothing = rnnbench("predict --run runs/long_range/a", debug=False)
    assert (nothing.status, "there is no sequence" in nothing.err) == (2, True)
    assert rnnbench("predict --run runs/long_range/a words.txt --every-step").out.startswith("no yes no yes\t")


@pytest.mark.slow
def test_predict_reads_numbers(fitted, rnnbench):
    fitted("GuessingModel", "Adding", "--data.length 4")
    Path("numbers.txt").write_text("0.5,1 0.25,1\n0.5 1\n0.5,x\n0.5,nan\n")
    answer = rnnbench("predict --run runs/long_range/a numbers.txt")
    assert [line.partition("\t")[0] == "-" for line in answer.out.splitlines()] == [False, True, True, True]
    assert "line 2: step 1 is '0.5': 2 finite numbers are needed" in answer.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("RegularLanguage --data.source.expression a[^a]", "has no word over the symbols a"),
        (
            "AutomatonFile --data.source.path machine.txt",
            "machine.txt, line 3\n  the state two has no transition for b",
        ),
        ("Adding --data.length 1", "--data.length\n  adding needs a length of at least 2, found 1"),
        ("Adding --data.length 10000000000", "does not fit into memory"),
        pytest.param("Adding --data.test_lengths [10000000000]", None, marks=pytest.mark.slow),
        ("Adding --model.probe true", "this problem has no automaton"),
        ("Addign", "Adding"),
    ],
)
def test_bad_input_is_told(words, problem, rnnbench):
    Path("machine.txt").write_text("state output a b\none yes two one\ntwo no one\n")
    found = rnnbench(
        f"fit {MODEL}.RecurrentModel {SMALL} {DATA}.{words} {SIZES} --name a",
        debug=False,
    )
    if problem is None:
        # Training needs none of the test lengths; the test says so.
        assert found.status == 0
        found = rnnbench("test --run runs/long_range/a", debug=False)
        problem = "does not fit into memory"
    assert found.status == 2
    assert problem in found.err
    assert "Traceback" not in found.err
