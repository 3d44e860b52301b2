from rnnbench.bench.build import Build
from rnnbench.bench.fixed import Timed
from rnnbench.bench.goals import GOALS
from rnnbench.bench.plan import Plan
from rnnbench.bench.report import render
from rnnbench.bench.results import Results, Subject
from rnnbench.bench.shapes import SHAPES
from rnnbench.bench.subjects import all_cells

GOAL_CELLS = {name for goal in GOALS for name in goal.cells}
FAST, SLOW = Subject("LSTM", "reference"), Subject("CoupledLSTM", "reference")


def measured():
    results = Results()
    for shape, factor in ((SHAPES["S"], 0.5), (SHAPES["M"], 2.0)):
        for subject, seconds in ((FAST, 0.7), (SLOW, 0.9)):
            times = {"cell": [seconds] * 3, "torch.nn": [factor] * 3, "limit": [1.0] * 3}
            results.fixed[1, subject, shape] = Timed(times, {})
    results.memory = {FAST: 50, SLOW: 150}
    results.layer_memory = {"LSTM": 100}
    results.build[FAST] = Build(1.0, 0.5)
    return results


def row(text, words):
    return next(line for line in text.splitlines() if line.startswith(f"| {words}"))


def test_the_table_says_what_is_met_and_who_misses():
    text = render(measured(), {"date": "today"}, Plan([SHAPES["S"], SHAPES["M"]], full=True))
    assert row(text, "LSTM, peephole").endswith("0.70-0.90, **missed** by CoupledLSTM (0.90) |")
    assert row(text, "peak memory").endswith("0.50-1.50, **missed** by CoupledLSTM (1.50) |")
    assert row(text, "seconds to build a cell, first").endswith("1.00, met |")
    assert row(text, "seconds to build a cell, later").endswith("0.50, **missed** by LSTM (0.50) |")
    # Only the shape with H >= 256.
    assert row(text, "LSTM, H >= 256").endswith("0.70, met |")
    assert row(text, "GRU").endswith("- |")
    assert row(text, "LSTM | reference | nn.LSTM | 1.00").endswith("1.40 | 0.35 | 0.70 |")
    assert "| date | today |" in text


def test_goals_name_cells_that_exist():
    assert set(all_cells()) >= GOAL_CELLS


def test_every_goal_can_be_measured():
    results = measured()
    for shape in (SHAPES["S"], SHAPES["M"]):
        for name in GOAL_CELLS:
            times = {key: [1.0] for key in ("cell", "torch.nn", "naive", "jax", "limit")}
            results.fixed[1, Subject(name, "reference"), shape] = Timed(times, {})
        names = [f"{who} {order}" for who in ("cell", "padded", "packed") for order in ("random", "bucketed")]
        results.lengths[1, FAST, shape, "uniform"] = Timed({key: [1.0] for key in names}, {})
    assert all(goal.values(results, 1) for goal in GOALS)
