"""Whole runs: presets, files of every kind, predict, bad input."""

import json
from pathlib import Path

import pytest

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("trees/")]
DATA = "--data rnnbench.tasks.trees.TreeData --data.source rnnbench.data.Files --data.source.path data"
SMALL = "--model.backbone.hidden_size 5 --model.embedding.embedding_size 4"
TREE = f"--model rnnbench.tasks.trees.TreeModel {SMALL} --trainer.max_epochs 1"
MAJORITY = "--model rnnbench.tasks.trees.MajorityModel --trainer.max_epochs 1"
SUMS = "--model.backbone.cell rnnbench.backbone.trees.ChildSumTreeLSTM"
GOOD = ["(1 (1 good) (0 film))", "(0 (0 bad) (0 film))", "(0 (_ not) (1 good))"]


def write(suffix, train, held_out=None):
    Path("data").mkdir(exist_ok=True)
    for split in ("train", "valid", "test"):
        lines = train if split == "train" or held_out is None else held_out
        Path(f"data/{split}{suffix}").write_text("\n".join(lines) + "\n", encoding="utf-8")


def metrics(name="a"):
    result = json.loads(Path(f"runs/trees/{name}/result.json").read_text())
    return {key: value["value"] for key, value in result["metrics"]["test"].items()}


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/builtin" in name])
def test_every_generated_preset_trains(preset, rnnbench):
    sizes = "--data.source.train 30 --data.source.held_out 16 --data.source.depth 2 --data.source.test_depth 3"
    rnnbench(f"fit --config {preset} --config smoke --name smoke {sizes}")
    rnnbench("test --run runs/trees/smoke")
    assert Path("runs/trees/smoke/trees.png").is_file()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/sst" in name])
def test_every_preset_of_the_treebank_trains(preset, rnnbench, real_data):
    options = f"--data.source.path {real_data / 'sst_trees'} --data.vectors null --trainer.limit_train_batches 2"
    rnnbench(f"fit --config {preset} --config smoke --name smoke {options} --trainer.limit_val_batches 2")
    assert Path("runs/trees/smoke/result.json").is_file()


def test_the_most_frequent_class(rnnbench):
    write(".ptb", GOOD, [*GOOD, "(1 (1 good) (1 good))"])
    rnnbench(f'fit {MAJORITY} {DATA} --data.polarity \'{{"0": negative, "1": positive}}\' --name a')
    rnnbench("test --run runs/trees/a")
    # Roots of training are 1, 0, 0, nodes below them 1, 0, 0, 0, 1.
    assert metrics()["accuracy"] == 2 / 4
    assert metrics()["node_accuracy"] == (2 + 3) / 11
    assert rnnbench("predict --run runs/trees/a data/test.ptb").out.startswith("0\t0.6667\t(0 (0 good) (0 film))\n")


@pytest.mark.slow
def test_files_of_every_kind_hold_the_same_trees(rnnbench):
    fingerprints = set()
    for suffix, lines in {
        ".ptb": GOOD,
        ".txt": GOOD,
        ".mrg": [f"( {line.replace(') (', ')' + chr(10) + '  (')} )" for line in GOOD],
        ".jsonl": [json.dumps({"tree": line}) for line in GOOD],
    }.items():
        write(suffix, lines)
        rnnbench(f"fit {TREE} {DATA} --name a")
        rnnbench("test --run runs/trees/a")
        fingerprints.add(tuple(metrics().items()))
        for path in Path("data").iterdir():
            path.unlink()
        Path("runs").rename(f"runs{len(suffix)}{suffix}")
    assert len(fingerprints) == 1


def conllu(label, *words):
    rows = [f"{i}\t{word}\t_\tX\t_\t_\t{head}\t_\t_\t_" for i, (word, head) in enumerate(words, 1)]
    return "\n".join([f"# label = {label}", *rows, ""])


DEPENDENCIES = [conllu("up", ("so", 2), ("good", 0), ("then", 2)), conllu("down", ("bad", 0))]


def test_dependencies(rnnbench):
    write(".conllu", DEPENDENCIES)
    told = rnnbench(f"fit {TREE} {SUMS} {DATA} --name a")
    assert "train: 1 samples kept, a tree of one leaf, in which nothing is merged: 1" in told.out
    Path("lines.txt").write_text('{"tokens": ["so", "good"], "heads": [2, 0]}\n{"tokens": ["so"], "heads": [7]}\n')
    answer = rnnbench("predict --run runs/trees/a lines.txt --format json --picture tree.png")
    first, second = map(json.loads, answer.out.splitlines())
    assert set(first["probabilities"]) == {"up", "down"}
    assert first["tree"].startswith(f"({first['label']} good (")
    assert second["label"] is None
    assert "lines.txt, line 2: word 1 depends on word 7, and there are 1" in answer.err
    assert Path("tree.png").read_bytes()[:4] == b"\x89PNG"


def test_texts_without_trees(rnnbench):
    write(".jsonl", [json.dumps({"text": text, "label": label}) for text, label in [("so good", 1), ("bad film !", 0)]])
    rnnbench(f"fit {TREE} {DATA} --data.trees balanced --name a")
    answer = rnnbench("predict --run runs/trees/a data/test.jsonl").out.splitlines()
    assert [line.split("\t")[2].count("(") for line in answer] == [3, 5]


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        (
            ["(1 (1 so) (0 what))", "(1 (1 so (0 what))"],
            "",
            "data/train.ptb\n  line 2, column 1: a bracket is opened and",
        ),
        (
            ["(1 (1 so) (0 what)))"],
            "",
            "data/train.ptb\n  line 1, column 20: a bracket is closed that was never opened",
        ),
        pytest.param(
            ["(1 (1 so) ())"],
            "",
            "line 1, column 11: a node of the tree has no label and no words",
            marks=pytest.mark.slow,
        ),
        ([*GOOD, "(_ (1 so) (0 what))"], "", "data/train.ptb, line 4\n  the root of the tree has no label"),
        ([*GOOD, f"(1{' (0 so)' * 50})"], "", "line 4\n  a node has 50 children, and the cell has room for 2"),
        pytest.param(["(1 (1 so) (1 what))"], "", "all trees of train have one label, '1'", marks=pytest.mark.slow),
        pytest.param(GOOD, "--data.label_column stars", "there is no column 'stars'", marks=pytest.mark.slow),
        pytest.param(
            GOOD,
            "--data.polarity '{\"7\": negative}'",
            "--data.polarity\n  no class is called '7'",
            marks=pytest.mark.slow,
        ),
        pytest.param(GOOD, "--data.classes '{x: y}'", "no tree of train is left", marks=pytest.mark.slow),
        pytest.param(GOOD, "--data.max_length 1", "no tree of train is left", marks=pytest.mark.slow),
        pytest.param(GOOD, "--model.backbone.merge men", "mean", marks=pytest.mark.slow),
        pytest.param(
            GOOD,
            "--model.backbone.parameters 1",
            "no hidden size comes within 1 % of 1 parameters",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_bad_input(lines, options, words, rnnbench):
    write(".ptb", lines, GOOD)
    answer = rnnbench(f"fit {TREE} {DATA} {options} --name a", debug=False)
    assert answer.status == 2
    assert words in answer.err
    assert not Path("runs/trees/a/result.json").exists()


def test_what_the_test_split_has_and_training_has_not(rnnbench):
    write(".ptb", GOOD, [*GOOD, "(2 (1 so) (0 what))"])
    answer = rnnbench(f"fit {MAJORITY} {DATA} --name a", debug=False)
    assert answer.status == 2
    assert "data/valid.ptb, line 4\n  the label '2' does not occur in training" in answer.err


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        (conllu("up", ("so", 2), ("good", 1)), "one root, a word with head 0; here: none"),
        (conllu("up", ("so", 0), ("good", 3), ("x", 2)), "word 2 depends on itself, in a circle"),
        (conllu("up", ("so", 0), ("good", 1)).partition("\n")[2], "the root of the tree has no label"),
    ],
)
def test_bad_dependencies(sentence, words, rnnbench):
    write(".conllu", [*DEPENDENCIES, sentence])
    answer = rnnbench(f"fit {TREE} {SUMS} {DATA} --name a", debug=False)
    assert answer.status == 2
    assert "data/train.conllu, record 3" in answer.err
    assert words in answer.err


def test_texts_need_a_tree_from_somewhere(rnnbench):
    write(".jsonl", [json.dumps({"text": "so good", "label": 1})])
    answer = rnnbench(f"fit {TREE} {DATA} --name a", debug=False)
    assert answer.status == 2
    assert "data/train.jsonl, line 1\n  there is no tree" in answer.err
    assert "--data.trees balanced" in answer.err
