"""`rnnbench predict` with a file of one's own."""

import csv
import io
import os

import numpy as np
import pandas as pd
import pytest

FIT = (
    "fit --model rnnbench.tasks.forecasting.{} --data rnnbench.tasks.forecasting.ForecastingData"
    " --data.source rnnbench.data.SeriesFiles --data.source.path a.csv --data.context 14 --data.horizon 7"
    " --trainer.max_epochs 1 --name a"
)
PREDICT = "predict --run runs/forecasting/a"


def table(length=100, start="2024-01-01", columns=("a", "b")):
    values = np.arange(length)[:, None] % 7 + np.arange(len(columns)) * 10.0
    frame = pd.DataFrame(values, columns=list(columns))
    frame.insert(0, "day", pd.date_range(start, periods=length, freq="D"))
    return frame


@pytest.fixture
def run(rnnbench):
    """A seasonal naive forecaster, whose forecasts are known."""
    table().to_csv("a.csv", index=False)
    rnnbench(FIT.format("NaiveForecaster --model.kind seasonal"))


def rows(outcome):
    return list(csv.DictReader(io.StringIO(outcome.out)))


def test_what_comes_next(rnnbench, run, tmp_path):
    table(33, "2025-03-01", ["new"]).to_csv("b.csv", index=False)
    found = rows(rnnbench(f"{PREDICT} b.csv --levels 50 90 --plot next.png"))
    assert [row["time"] for row in found] == [f"2025-04-{day:02}" for day in range(3, 10)]
    assert [float(row["value"]) for row in found] == [float((33 + h) % 7) for h in range(7)]
    assert list(found[0]) == ["series", "time", "value", "q0.05", "q0.25", "q0.75", "q0.95"]
    assert (tmp_path / "next.png").read_bytes().startswith(b"\x89PNG")


def test_all_series_of_all_files_and_horizons(rnnbench, run):
    found = rows(rnnbench(f"{PREDICT} a.csv a.csv --horizon 3 --levels 80"))
    assert [row["series"] for row in found] == (["a"] * 3 + ["b"] * 3) * 2
    assert "q0.1" in found[0]
    longer = rnnbench(f"{PREDICT} a.csv --horizon 16")
    assert "forecast from forecasts, without intervals" in longer.err
    of_a = [row for row in rows(longer) if row["series"] == "a"]
    assert [float(row["value"]) for row in of_a] == [float((100 + h) % 7) for h in range(16)]
    assert [bool(row["q0.95"]) for row in of_a] == [True] * 7 + [False] * 9


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (
            table(100).assign(day=pd.date_range("2024-01-01", periods=100, freq="h")),
            "",
            "steps of h, and the run learned",
        ),
        (table(13), "", "series a has 13 steps, and the run forecasts from 14"),
        (table(), "--horizon 0", "must be at least 1, found 0"),
        (table(), "--levels 77", "there is no interval of 77 %"),
        (table(), "--plot next.docx", "a picture cannot be written as .docx"),
    ],
)
def test_messages(rnnbench, run, frame, options, message):
    frame.to_csv("b.csv", index=False)
    outcome = rnnbench(f"{PREDICT} b.csv {options}", debug=False)
    assert outcome.status == 2
    assert message in outcome.err


def test_a_pipe_is_refused_and_never_waited_for(rnnbench, run):
    os.mkfifo("pipe.csv")
    outcome = rnnbench(f"{PREDICT} pipe.csv", debug=False)
    assert (outcome.status, "no file but a pipe" in outcome.err) == (2, True)


def test_a_network_that_has_not_seen_the_series(rnnbench):
    table().to_csv("a.csv", index=False)
    rnnbench(FIT.format("SegmentForecaster --model.segment 7 --model.backbone.hidden_size 8"))
    table(40, "2030-01-01", ["z"]).to_csv("b.csv", index=False)
    found = rows(rnnbench(f"{PREDICT} b.csv"))
    assert [row["time"] for row in found] == [f"2030-02-{day:02}" for day in range(10, 17)]
    assert all(float(row["q0.05"]) <= float(row["value"]) <= float(row["q0.95"]) for row in found)
