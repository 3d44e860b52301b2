"""Tuning in rounds: wider where the best lies at the edge, longer for the best; and what a study can show."""

import csv
import itertools

import pytest
from a_study import FILE, ONE, conducted
from test_tuning import trial

from rnnbench.errors import UserError
from rnnbench.study import plan
from rnnbench.study.outlook import outlook
from rnnbench.study.tuning import Trial, beyond, choose, expected_best

RATE = "model.optimizer.lr"
ROUNDS = """
tuning:
  rounds: [{fraction: 0.125, keep: 3}, {fraction: 0.5, keep: 2}, {fraction: 1.0}]
  seeds: [7]
  grid: {model.optimizer.lr: [0.032, 0.016, 0.008]}
  widen: 4
  rescale: {model.scheduler.constant_epochs: 8, model.other: 4.0}
reference: cells/lstm
"""


def rates(*pairs) -> list[Trial]:
    return [Trial({RATE: rate}, (), "loss", "min", (value,)) for rate, value in pairs]


def test_the_search_goes_on_beyond_an_edge():
    assert beyond(rates((0.001, 3.0), (0.002, 2.0), (0.004, 1.0))) == {RATE: 0.008}
    assert beyond(rates((0.004, 3.0), (0.001, 1.0), (0.002, 2.0))) == {RATE: 0.0005}
    assert beyond(rates((0.001, 3.0), (0.002, 1.0), (0.004, 2.0))) is None
    assert beyond(rates((0.001, None), (0.002, None))) is None
    assert beyond(rates((0.001, 1.0))) is None


def test_rounds_end_inside_the_range_with_the_best_of_the_longest(study, tmp_path):
    found = conducted(study(ONE + ROUNDS), tmp_path / "out")
    assert found.failures == {}
    with (tmp_path / "out/tuning.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["cell"] == "lstm"]
    tried = {number: [float(row[RATE]) for row in rows if row["round"] == str(number)] for number in range(3)}
    # The best rate is 0.004: the grid ends before it.
    assert tried == {0: [0.032, 0.016, 0.008, 0.004, 0.002], 1: [0.004, 0.002, 0.008], 2: [0.004, 0.002]}
    assert [row["run"].rpartition("/")[2] for row in rows if row["chosen"] == "1"] == ["char_lstm-lstm-t003-r2-7"]
    with (tmp_path / "out/expected.csv").open() as file:
        expected = [float(row["value"]) for row in csv.DictReader(file) if row["cell"] == "lstm"]
    assert len(expected) == 5
    assert expected == sorted(expected, reverse=True)
    assert conducted(study(ONE + ROUNDS), tmp_path / "out").started == []
    assert "compared with" not in (tmp_path / "out/compare.md").read_text(), "two seeds rank nothing"


def test_a_short_trial_has_a_short_schedule(study, tmp_path):
    found = study(FILE + ROUNDS)
    pair = plan.pairs(found)[0]
    words = [plan.trials(found, pair, {0: {RATE: 1}}, tmp_path, number)[0][0].words for number in range(3)]
    shown = [[word.rpartition("=")[2] for word in some if "scheduler" in word or "other" in word] for some in words]
    assert shown == [["1", "0.5"], ["4", "2.0"], ["8", "4.0"]]
    assert found.tuning.effort == 3 / 8 + 3 / 2 + 2
    assert "--budget.tuning=3.875" in plan.finals(found, pair, {}, tmp_path)[0].words


@pytest.mark.parametrize("better", ["min", "max"])
def test_the_best_of_fewer_trials_is_the_mean_over_all_draws(better):
    values = [0.3, 0.9, 0.5, 0.4]
    best = {"min": min, "max": max}[better]
    for n, found in enumerate(expected_best(values, better), start=1):
        draws = list(itertools.product(values, repeat=n))
        assert found == pytest.approx(sum(map(best, draws)) / len(draws))


def test_the_last_round_chooses():
    short, long = trial(0.1), Trial({}, (), "some", "min", (0.5,), 0, 1)
    assert choose([short, long]) is long


@pytest.mark.parametrize(
    ("before", "after", "where", "problem"),
    [
        ("fraction: 0.5", "fraction: 5", "tuning.rounds (2).fraction", "must be above 0 and at most 1"),
        ("keep: 2", "keep: 4", "tuning.rounds (2).keep", "no more than before, found 4"),
        ("keep: 2", "kept: 2", "tuning.rounds (2).kept", "there is no such key"),
        ("widen: 4", "fraction: 0.5", "tuning.fraction", "have fractions of their own"),
        ("widen: 4", "widen: 0.5", "tuning.widen", "expected a whole number"),
        ("reference: cells/lstm", "reference: cells/gru", "reference", "'cells/gru' is not among the cells"),
    ],
)
def test_bad_rounds(study, before, after, where, problem):
    with pytest.raises(UserError) as caught:
        study((FILE + ROUNDS).replace(before, after))
    assert caught.value.where.endswith(f"some.yaml: {where}")
    assert problem in caught.value.problem


def test_what_a_study_will_cost_and_can_show(study, tmp_path):
    text = (FILE + ROUNDS).replace("{parameters: 65000}", "{seconds: 90}").replace("[1, 2]", "[1, 2, 3, 4, 5]")
    lines = outlook(study(text), tmp_path, [], 2).splitlines()
    assert "round 1 of tuning: 12 trials of 0.125 of a training" in lines
    assert "round 3 of tuning: 8 trials of 1 of a training" in lines
    assert "final runs: 20; baselines: 1" in lines
    # 3/8 + 3/2 + 2 + 5 trainings of 90 seconds, for two cells on two tasks.
    assert "cost: 35.5 trainings of the whole budget, 8.88 for each cell on each task" in lines
    assert f"time: about {35.5 * 90 / 3600 / 2:.3g} hours with 2 at a time" in lines
    assert lines[-2].startswith("power: 1 cells against LSTM, which is tested: 2.2 standard deviations")
    assert "time: not known before a first run" in outlook(study(FILE), tmp_path, [], 1)
    assert "power: none; a rank takes 3 seeds" in outlook(study(FILE), tmp_path, [], 1)
