"""The same file gives the same runs under the same names."""

import dataclasses
import json
from pathlib import Path

import pytest
from a_study import FILE, TUNED

from rnnbench.errors import UserError
from rnnbench.study import plan, tuning

ROOT = Path("studies/some")


def finals(study):
    return [run for pair in plan.pairs(study) for run in plan.finals(study, pair, {}, ROOT)]


def test_the_runs_of_a_study(study):
    found = study()
    assert [run.id for run in finals(found)] == [
        "text_generation/char_lstm-lstm-1", "text_generation/char_lstm-lstm-2",
        "text_generation/char_lstm-Elman-1", "text_generation/char_lstm-Elman-2",
        "sentiment/builtin-lstm-1", "sentiment/builtin-lstm-2",
        "sentiment/builtin-Elman-1", "sentiment/builtin-Elman-2",
    ]  # fmt: skip
    assert finals(found) == finals(study())
    stack = '{"class_path": "rnnbench.backbone.Backbone", "init_args": {"hidden_size": null, "parameters": 65000}}'
    assert finals(found)[0].fit == [
        "fit", "--config=text_generation/char_lstm", "--config=cells/lstm", f"--model.backbone={stack}",
        '--model.backbone.cell={"class_path": "rnnbench.cells.LSTM"}', "--seed_everything=1",
        "--name=char_lstm-lstm-1", "--runs=studies/some",
    ]  # fmt: skip
    (baseline,) = plan.baselines(found, ROOT)
    assert baseline.id == "text_generation/char_unigram-1"
    assert baseline.words == ("--config=text_generation/char_unigram", "--seed_everything=1")


def test_every_backbone_gets_the_cell_and_the_first_one_the_parameters(study):
    entry = "sentiment/builtin: {backbones: [model.encoder, model.decoder], budget: 70000}"
    run = finals(study(FILE.replace("sentiment/builtin:", entry)))[-1]
    assert "--model.encoder.cell=Elman" in run.words
    assert "--model.decoder.cell=Elman" in run.words
    assert [json.loads(w.partition("=")[2])["init_args"]["parameters"] for w in run.words if "parameters" in w] == [
        70000
    ]


def test_parameters_of_the_whole_model_are_spent_by_a_hidden_size_that_is_looked_for(study):
    found = study(FILE.replace("{parameters", "{total_parameters"))
    pair = plan.pairs(found)[0]
    asked = plan.sizing(found, pair, ROOT)
    assert asked.spend == ("model.backbone", 65000)
    assert '"init_args": {"hidden_size": null, "parameters": null}' in " ".join(asked.words)
    (run, _) = plan.finals(found, dataclasses.replace(pair, hidden_size=77), {}, ROOT)
    assert '"init_args": {"hidden_size": 77, "parameters": null}' in " ".join(run.words)
    assert run.spend is None


def test_the_stack_is_the_one_of_the_preset(study):
    run = finals(study(FILE.replace("sentiment/builtin:", "trees/builtin:")))[-1]
    (stack,) = [json.loads(word.partition("=")[2]) for word in run.words if "parameters" in word]
    assert stack["class_path"] == "rnnbench.backbone.trees.TreeBackbone"


def test_options_of_the_application_come_after_those_of_the_study_and_data_reach_the_baselines(study):
    text = FILE.replace("applications:", "options: {trainer.max_epochs: 1, data.level: word}\napplications:").replace(
        "    baselines", "    options: {data.level: byte, model.dropout: 0.5}\n    baselines"
    )
    found = study(text)
    words = finals(found)[0].words
    assert [word for word in words if "level" in word] == ["--data.level=byte"]
    assert {"--trainer.max_epochs=1", "--model.dropout=0.5"} <= set(words)
    assert plan.baselines(found, ROOT)[0].words[1:-1] == ("--data.level=byte",)


def test_budgets_are_an_axis(study):
    found = finals(study(FILE.replace("65000", "[1000, 2.0e+6]")))
    assert [run.name for run in found[:4]] == [
        "char_lstm-lstm-1000-1", "char_lstm-lstm-1000-2", "char_lstm-Elman-1000-1", "char_lstm-Elman-1000-2",
    ]  # fmt: skip
    assert len(found) == len({run.id for run in found}) == 16


@pytest.mark.parametrize(
    ("budget", "options", "whole", "quarter"),
    [
        ("{parameters: 9}", "{}", [], ["--budget.epochs=0.5"]),  # the preset has two epochs
        ("{parameters: 9}", "{trainer.max_epochs: 3}", ["--trainer.max_epochs=3"], ["--budget.epochs=0.75"]),
        ("{parameters: 9}", "{trainer.max_steps: 10}", ["--trainer.max_steps=10"], ["--trainer.max_steps=2"]),
        ("{flops: 1e9}", "{}", ["--budget.flops=1000000000.0"], ["--budget.flops=250000000.0"]),
        ("{seconds: 60}", "{}", ["--trainer.max_time=00:00:01:00"], ["--trainer.max_time=00:00:00:15"]),
        ("{seconds: 93784}", "{}", ["--trainer.max_time=01:02:03:04"], ["--trainer.max_time=00:06:30:46"]),
    ],
)
def test_a_share_of_the_budget(study, budget, options, whole, quarter):
    text = FILE.replace("{parameters: 65000}", f"{budget}\noptions: {options}")
    found = study(text + TUNED.replace("0.5", "0.25"))
    pair = plan.pairs(found)[0]

    def limits(run):
        said = [w for w in run.words if w.startswith(("--budget", "--trainer.max")) and not w.endswith("epochs=-1")]
        return [w for w in said if not w.startswith("--budget.tuning")]

    assert limits(plan.finals(found, pair, {}, ROOT)[0]) == whole
    assert limits(plan.trials(found, pair, dict(enumerate(tuning.points(found))), ROOT)[0][0])[-1:] == quarter


def test_final_runs_say_what_tuning_has_cost(study):
    def efforts(text):
        found = study(text)
        pair, points = plan.pairs(found)[0], dict(enumerate(tuning.points(found)))
        trials = [run for some in plan.trials(found, pair, points, ROOT).values() for run in some]
        return [
            {w for run in runs for w in run.words if w.startswith("--budget.tuning")}
            for runs in (plan.finals(found, pair, {}, ROOT), trials)
        ]

    assert efforts(FILE) == [set(), set()]
    # Two rates and two seeds, each half a training.
    assert efforts(FILE + TUNED.replace("[7]", "[7, 8]")) == [{"--budget.tuning=2.0"}, set()]
    search = TUNED.partition("grid")[0] + "trials: 6\n  space: {model.optimizer.lr: {low: 0.001, high: 0.1}}\n"
    pytest.importorskip("optuna")
    assert efforts(FILE + search) == [{"--budget.tuning=3.0"}, set()]


def test_a_share_of_no_length_is_an_error(study):
    found = study(FILE.replace("applications:", "options: {trainer.max_epochs: -1}\napplications:") + TUNED)
    with pytest.raises(UserError, match=r"neither trainer.max_epochs nor trainer.max_steps"):
        plan.trials(found, plan.pairs(found)[0], dict(enumerate(tuning.points(found))), ROOT)


def test_trials_have_every_point_and_every_seed_and_are_not_tested(study):
    found = study(FILE + TUNED.replace("[7]", "[7, 8]").replace("0.004]}", "0.004], model.dropout: [0, 0.5]}"))
    points = tuning.points(found)
    assert len(points) == 4
    trials = plan.trials(found, plan.pairs(found)[0], dict(enumerate(points)), ROOT)
    assert [len(runs) for runs in trials.values()] == [2, 2, 2, 2]
    assert trials[0][0].id == "tuning/text_generation/char_lstm-lstm-t000-7"
    assert {(run.test, run.keep) for runs in trials.values() for run in runs} == {(False, "none")}
    assert {"--model.optimizer.lr=0.004", "--model.dropout=0.5", "--seed_everything=8"} <= set(trials[3][1].words)
