"""What is wrong in a study's file is named with file and key, before anything runs."""

import re
from pathlib import Path

import pytest
from a_study import FILE, TUNED

from rnnbench.cli.presets import config_path, preset_names
from rnnbench.errors import UserError
from rnnbench.folders import configs_folder
from rnnbench.study import plan, tuning
from rnnbench.study.file import read_study
from rnnbench.study.search import Range, Round


def test_what_a_file_says(study):
    found = study(FILE + TUNED)
    assert (found.name, found.unit, found.seeds, found.keep) == ("some", "parameters", (1, 2), "best")
    text, reviews = found.applications
    assert (text.folder, text.baselines, text.amounts) == (
        "text_generation",
        ("text_generation/char_unigram",),
        (65000,),
    )
    assert (reviews.folder, reviews.baselines, reviews.backbones) == ("sentiment", (), ("model.backbone",))
    lstm, elman = found.cells
    assert (lstm.label, lstm.preset, lstm.value) == ("lstm", "cells/lstm", {"class_path": "rnnbench.cells.LSTM"})
    assert (elman.label, elman.preset, elman.value) == ("Elman", None, "Elman")
    assert found.tuning.grid == {"model.optimizer.lr": (0.001, 0.004)}


def test_the_file_of_the_page_is_read(study):
    page = (Path(__file__).parents[2] / "docs/studies.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    found = study(block)
    assert found.reference.label == "lstm"
    assert [len(one.backbones) for one in found.applications] == [1, 1, 2]
    assert found.tuning.widen == 3


def test_ranges_and_choices(study):
    space = "{model.optimizer.lr: {low: 1e-4, high: 1.0e-2, log: true}, model.dropout: [0, 0.5]}"
    found = study(f"{FILE}tuning: {{seeds: [7], trials: 3, space: {space}}}").tuning
    assert found.space == {"model.optimizer.lr": Range(low=1e-4, high=1e-2, log=True), "model.dropout": (0, 0.5)}
    assert (found.trials, found.rounds) == (3, (Round(fraction=1.0),))


@pytest.mark.parametrize(
    ("before", "after", "where", "problem"),
    [
        ("seeds:", "seed:", "seed", "there is no such key: seed"),
        ("[1, 2]", "[1, 1]", "seeds", "1 stands twice"),
        ("[1, 2]", "[one]", "seeds", "expected a list of whole numbers, found ['one']"),
        ("[1, 2]", "[]", "seeds", "names none"),
        ("cells/lstm", "cells/lstn", "cells", "there is no preset or file cells/lstn"),
        ("cells/lstm", "text_generation/char_5gram", "cells", "names no model.backbone.cell"),
        ("Elman", "rnnbench.cells.lstm", "cells", "two cells would have runs of the same name: lstm"),
        ("parameters", "parameter", "budget.parameter", "there is no such key: parameter"),
        ("{parameters: 65000}", "{}", "budget", "one of parameters, total_parameters, flops, seconds is needed"),
        ("{parameters: 65000}", "{flops: 1.0e9, seconds: 3}", "budget", "found: flops, seconds"),
        ("65000", "-3", "budget.parameters", "expected a number above 0, or a list of them, found -3"),
        ("65000", "some", "budget.parameters", "found 'some'"),
        ("sentiment/builtin", "sentiment/bultin", "applications.sentiment/bultin", "there is no preset or file"),
        ("sentiment/builtin:", "cells/gru:", "applications.cells/gru", "is no preset of an application"),
        ("char_unigram", "char_unigrams", "applications.text_generation/char_lstm.baselines", "char_unigrams"),
        ("baselines", "baseline", "applications.text_generation/char_lstm.baseline", "there is no such key"),
        ("fraction: 0.5", "fraction: 1.5", "tuning.fraction", "must be above 0 and at most 1, found 1.5"),
        ("seeds: [7]", "seeds: [2]", "tuning.seeds", "2 is a seed of the final runs, too"),
        ("seeds: [7]", "seeds: []", "tuning.seeds", "names none"),
        ("[0.001, 0.004]", "0.1", "tuning.grid.model.optimizer.lr", "expected a list of values, found 0.1"),
        ("grid", "gird", "tuning", "either grid or space is needed"),
        ("budget", "keep: some\nbudget", "keep", "'some' is not among the choices"),
        ("budget", "options: {--trainer.max_steps: 3}\nbudget", "options", "is no option"),
        ("budget", "options: {trainer.max_time: 00:00:01:00}\nbudget", "options.trainer.max_time", "by another rule"),
        ("{parameters: 65000}", "{seconds: 9}\noptions: {trainer.max_epochs: 3}", "options.trainer", "in seconds"),
    ],
)  # fmt: skip
def test_bad_files(study, before, after, where, problem):
    text = FILE + TUNED
    assert before in text
    with pytest.raises(UserError) as caught:
        study(text.replace(before, after, 1))
    assert "some.yaml" in caught.value.where
    assert where in caught.value.where
    assert problem in caught.value.problem


@pytest.mark.parametrize("name", [name for name in preset_names() if name.startswith("studies/")])
def test_shipped_studies_are_planned(name, tmp_path):
    study = read_study(config_path(name), config_path)
    points = tuning.points(study)
    runs = [run for pair in plan.pairs(study) for run in plan.finals(study, pair, {}, tmp_path)]
    runs += plan.baselines(study, tmp_path)
    for pair in plan.pairs(study):
        runs += [run for some in plan.trials(study, pair, dict(enumerate(points)), tmp_path).values() for run in some]
    assert len({run.id for run in runs}) == len(runs)
    assert {run.application for run in runs} <= {path.name for path in configs_folder().iterdir()}
