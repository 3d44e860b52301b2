"""Whole runs: presets, exactness, bad input, covariates, missing values."""

import json

import numpy as np
import pandas as pd
import pytest

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("forecasting/")]
DATA = "--data rnnbench.tasks.forecasting.ForecastingData --data.source rnnbench.data.SeriesFiles"
MODEL = "--model rnnbench.tasks.forecasting"
SMALL = "--data.context 14 --data.horizon 7 --data.batch_size 16 --trainer.max_epochs 1"


def days(length=120, seed=0):
    time = pd.date_range("2024-01-01", periods=length, freq="D")
    noise = np.random.default_rng(seed).normal(size=length)
    return pd.DataFrame({"time": time, "y": 10 + 3 * np.sin(np.arange(length) * 2 * np.pi / 7) + 0.1 * noise})


@pytest.fixture
def fitted(rnnbench, tmp_path):
    """Fits a model to a table, tests it, and gives its metrics."""

    def fit(frame, model, options="", name="a"):
        frame.to_csv("a.csv", index=False)
        rnnbench(f"fit {MODEL}.{model} {DATA} --data.source.path a.csv {SMALL} --name {name} {options}")
        rnnbench(f"test --run runs/forecasting/{name}")
        result = json.loads((tmp_path / f"runs/forecasting/{name}/result.json").read_text())
        return {key: value["value"] for key, value in result["metrics"]["test"].items()} | {"_": result}

    return fit


@pytest.mark.parametrize("preset", [name for name in PRESETS if "builtin" in name or "mackey" in name])
def test_every_generated_preset_trains(preset, rnnbench, tmp_path):
    length = 400 if "mackey" in preset else 280
    size = "--data.batch_size 4" if preset.endswith(("tdnn", "narx", "lstm", "demand", "decoder")) else ""
    rnnbench(
        f"fit --config {preset} --config smoke --data.source.length {length} --name smoke {size}" + " --data.horizon 12"
    )
    assert (tmp_path / "runs/forecasting/smoke/result.json").is_file()


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("preset", [name for name in PRESETS if "builtin" not in name and "mackey" not in name])
def test_every_preset_of_real_data_trains(preset, rnnbench, real_data, tmp_path):
    if preset.endswith("ets"):
        pytest.importorskip("statsforecast")
    folder, kind = real_data / "forecasting", preset.partition("/")[2].partition("_")[0]
    file = {"etth1": "ETTh1", "airline": "airline_passengers", "sunspots": "sunspots_yearly", "co2": "co2_weekly"}[kind]
    source = "{class_path: rnnbench.data.SeriesFiles, init_args: {path: %s}}" % (folder / f"{file}.csv")
    (tmp_path / "own.yaml").write_text(f"data: {{init_args: {{source: {source}}}}}")
    rnnbench(f"fit --config {preset} --config smoke --config own.yaml --name smoke --data.batch_size 2")
    assert (tmp_path / "runs/forecasting/smoke/result.json").is_file()


def test_seasonal_naive_by_hand(fitted):
    frame = days()
    found = fitted(frame, "NaiveForecaster", "--model.kind seasonal")
    y = frame.y.to_numpy()
    # 70, 10 and 20 %: the last 24 days are the test, with 18 windows of a week in it.
    errors = [abs(y[t + h] - y[t + h - 7]) for t in range(96, 114) for h in range(7)]
    assert found["mae"] == pytest.approx(np.mean(errors), rel=1e-12)
    unit = np.abs(y[7:84] - y[:77]).mean()
    assert found["mase"] == pytest.approx(np.mean(errors) / unit, rel=1e-12)
    signature = found["_"]["metrics"]["test"]["mae"]["signature"]
    assert signature == "mae|windows:18|values:126|past:14|horizon:7|season:7|conformal"


def test_missing_values_count_nowhere(fitted):
    frame = days()
    whole = fitted(frame, "NaiveForecaster", "--model.kind naive")
    frame.loc[100, "y"] = np.nan
    found = fitted(frame, "NaiveForecaster", "--model.kind naive", name="b")
    signature = found["_"]["metrics"]["test"]["mae"]["signature"]
    assert "|windows:18|values:121|" in signature, "step 100 lies in the future of five windows"
    assert np.isfinite(found["mae"])
    assert found["mae"] != whole["mae"]


MISSING = [
    "SegmentForecaster --model.segment 7",
    "LinearForecaster",
    "RecurrentForecaster --model.way steps",
    "EncoderDecoderForecaster",
]


@pytest.mark.parametrize(
    "model",
    [
        *(pytest.param(one, marks=pytest.mark.slow) for one in MISSING[1:]),
        MISSING[0],
        "ARForecaster --model.max_order 7",
    ],
)
def test_every_model_takes_missing_values(fitted, model):
    frame = days()
    frame.loc[[5, 6, 40, 90, 100], "y"] = np.nan
    size = "" if model.startswith(("AR", "Lin")) else " --model.backbone.hidden_size 6"
    assert np.isfinite(fitted(frame, model + size)["mae"])


@pytest.mark.slow
def test_covariates_known_in_advance_are_used(fitted, rnnbench):
    frame = days()
    frame["sale"] = np.random.default_rng(1).integers(0, 2, len(frame)).astype(float)
    frame["y"] += 5 * frame["sale"]
    options = "--model.way direct --model.backbone.hidden_size 8 --model.scaling standard --trainer.max_epochs 30"
    options += " --model.optimizer.lr 0.02"
    without = fitted(frame.drop(columns="sale"), "RecurrentForecaster", options, name="without")
    given = fitted(frame, "RecurrentForecaster", f"{options} --data.source.columns.known [sale]", name="given")
    assert given["mae"] < 0.5 * without["mae"]
    outcome = rnnbench("predict --run runs/forecasting/given a.csv", debug=False)
    assert outcome.status == 2
    assert "series y tells sale of 0 steps to come, not 7" in outcome.err
    later = pd.DataFrame(
        {"time": pd.date_range("2024-04-30", periods=7, freq="D"), "y": np.nan, "sale": [0, 1] * 3 + [0]}
    )
    pd.concat([frame, later]).to_csv("b.csv", index=False)
    lines = rnnbench("predict --run runs/forecasting/given b.csv").out.splitlines()
    values = [float(line.split(",")[2]) for line in lines[1:]]
    assert lines[1].startswith("y,2024-04-30,")
    assert len(values) == 7
    assert np.mean(values[1::2]) > np.mean(values[::2]) + 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--data.horizon 0", "data.horizon\n  must be at least 1, found 0"),
        ("--data.context 200", "no series has a window of 200 steps and 7 to come in each split; the longest has 120"),
        ("--data.splits [0.7,0.2,0.2]", "the shares [0.7, 0.2, 0.2] are more than the whole"),
        ("--model.kind season", "did you mean: seasonal"),
        ("--model.kind seasonal --data.season 30", "a season has 30 steps, and the past only 14"),
    ],
)
def test_bad_options(rnnbench, options, message):
    days().to_csv("a.csv", index=False)
    outcome = rnnbench(
        f"fit {MODEL}.NaiveForecaster {DATA} --data.source.path a.csv {SMALL} --name a {options}", debug=False
    )
    assert outcome.status == 2
    assert message in outcome.err


def test_short_and_constant_series_are_named(rnnbench, tmp_path):
    long = days().assign(unique_id="long")
    constant = days().assign(unique_id="constant", y=3.0)
    short = days(25).assign(unique_id="short")
    pd.concat([long, constant, short]).to_csv("a.csv", index=False)
    outcome = rnnbench(f"fit {MODEL}.NaiveForecaster {DATA} --data.source.path a.csv {SMALL} --name a")
    assert "MASE leaves out 1 series that never change by a season in training: constant" in outcome.out
    assert "no window of 14 + 7 steps: short" in outcome.out
    assert "short" in (tmp_path / "runs/forecasting/a/left_out.tsv").read_text()
