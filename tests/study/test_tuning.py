"""The same points for every cell, and the best of them by the rule of the run itself."""

import csv
import math
import sys

import pytest
from a_study import ONE, TUNED, conducted

from rnnbench.errors import UserError
from rnnbench.study import plan, tuning
from rnnbench.study.tuning import Trial, choose

SEARCH = """
tuning:
  fraction: 0.5
  seeds: [7]
  trials: 6
  space:
    model.optimizer.lr: {low: 1.0e-4, high: 1.0e-1, log: true}
    model.dropout: {low: 0.0, high: 0.5}
    model.backbone.num_layers: {low: 1, high: 3}
    model.pooling: [max, mean]
"""


def trial(*values, better="min") -> Trial:
    return Trial({}, (), "some", better, values)


def test_the_best_trial_has_the_best_mean_and_no_failed_run():
    tried = [trial(3.0, 1.0), trial(1.0, 1.5), trial(0.1, None), trial(float("nan"), 0.0), trial(1.25, 1.25)]
    assert choose(tried) is tried[1], "the first of equals"
    assert choose([trial(0.5, better="max"), trial(0.75, better="max")]).values == (0.75,)
    assert choose([trial(None), trial(float("nan"))]) is None


def test_a_random_search_without_optuna_names_the_extra(study, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError) as caught:
        tuning.points(study(ONE + SEARCH))
    assert "rnnbench[tune]" in caught.value.hint
    assert caught.value.where.endswith("some.yaml: tuning.space")


def test_a_random_search_draws_the_same_points_each_time(study):
    pytest.importorskip("optuna")
    points = tuning.points(study(ONE + SEARCH))
    assert points == tuning.points(study(ONE + SEARCH))
    assert len({point["model.optimizer.lr"] for point in points}) == 6
    for point in points:
        assert 1e-4 <= point["model.optimizer.lr"] <= 1e-1
        assert point["model.backbone.num_layers"] in (1, 2, 3)
        assert point["model.pooling"] in ("max", "mean")
    assert points != tuning.points(study(ONE + SEARCH.replace("[7]", "[8]")))


@pytest.mark.slow
def test_importance_of_the_options(study, tmp_path):
    optuna = pytest.importorskip("optuna")
    pytest.importorskip("sklearn")
    found = study(ONE + SEARCH.replace("trials: 6", "trials: 60"))
    points = tuning.points(found)
    tried = {
        pair: [Trial(one, (), "accuracy", "max", (-abs(math.log(one["model.optimizer.lr"] / 0.01)),)) for one in points]
        for pair in plan.pairs(found)
    }
    tried[plan.pairs(found)[0]][3] = Trial(points[3], (), "accuracy", "max", (None,))
    (tmp_path / "tuning").mkdir()
    for _ in range(2):
        assert tuning.write_importance(found, tried, tmp_path) is None
        with (tmp_path / "importance.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 8
        shares = {row["option"]: float(row["importance"]) for row in rows if row["cell"] == "lstm"}
        assert sum(shares.values()) == pytest.approx(1)
        assert shares["model.optimizer.lr"] > 0.9, "the only one that the values depend on"
    storage = optuna.storages.journal.JournalFileBackend(str(tmp_path / "tuning/optuna.log"))
    for name in ("lstm", "Elman"):
        kept = optuna.load_study(
            study_name=f"text_generation/char_lstm char_lstm-{name}", storage=optuna.storages.JournalStorage(storage)
        )
        assert len(kept.trials) == 60
        assert kept.best_value == max(one.values[0] for one in tried[plan.pairs(found)[1]])


def test_a_grid_needs_no_optuna(study, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    text = ONE + TUNED.replace("0.004]}", "0.004], model.dropout: [0, 0.5]}")
    found = conducted(study(text), tmp_path / "out")
    assert found.failures == {}
    assert "pip install 'rnnbench[tune]'" in found.printed
    assert not (tmp_path / "out/importance.csv").exists()
