"""Runs of several seeds are one row, and keep what their test items say."""

import json

import pytest

from rnnbench.results.items import read_items
from rnnbench.results.record import read_result

RUN = "runs/sentiment"


@pytest.mark.slow
def test_seeds_are_one_row_and_items_are_kept(rnnbench, small, tmp_path):
    for seed in (1, 2):
        rnnbench(f"fit {small} --trainer.max_epochs 1 --seed_everything {seed} --name lstm-{seed}")
        rnnbench(f"test --run {RUN}/lstm-{seed}")
    rnnbench(f"fit {small} --trainer.max_epochs 1 --model.backbone.cell GRU --name gru")
    rnnbench(f"test --run {RUN}/gru")
    results = {name: read_result(tmp_path / RUN / name / "result.json") for name in ("lstm-1", "lstm-2", "gru")}
    assert {(one.selection, one.budget) for one in results.values()} == {("max validation/accuracy", "epochs:1")}
    assert len({one.protocol.hash for one in results.values()}) == 1
    assert results["lstm-1"].settings == results["lstm-2"].settings != results["gru"].settings
    for name, result in results.items():
        items = read_items(tmp_path / RUN / name / "items.npz")
        assert items.metric == "accuracy"
        assert len(items.numbers) == 23
        right, texts = items.sums.sum(axis=0)
        assert right / texts == result.value("test", "accuracy")
    (table,) = json.loads(rnnbench(f"compare {RUN} --format json").out)["tables"]
    assert sorted(len(row["runs"]) for row in table["rows"]) == [1, 2]
    assert table["tests"] == [], "one and two seeds rank nothing, whatever their items say"


@pytest.mark.parametrize("options", ["--trainer.max_steps 3", "--trainer.max_epochs 1 --trainer.max_time 01:00:00:00"])
def test_other_budgets(rnnbench, small, tmp_path, options):
    rnnbench(f"fit {small} {options} --name one")
    budget = read_result(tmp_path / RUN / "one" / "result.json").budget
    assert budget == ("epochs:6|steps:3" if "steps" in options else "epochs:1|seconds:86400")


def test_a_counted_model_has_no_budget(rnnbench, corpus, tmp_path):
    source = f"--data.source Files --data.source.path {corpus} --data.source.card none"
    rnnbench(f"fit --config sentiment/majority {source} --name one")
    assert read_result(tmp_path / RUN / "one" / "result.json").budget is None


@pytest.mark.slow
def test_a_run_that_goes_on_keeps_its_settings(rnnbench, small, tmp_path):
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name one")
    path = tmp_path / RUN / "one" / "result.json"
    before = read_result(path)
    rnnbench(f"fit --resume {RUN}/one")
    after = read_result(path)
    assert (after.settings, after.budget) == (before.settings, before.budget)
