"""The comparison of run folders sees what changed, and nothing else."""

import json

import numpy as np
import pytest
import torch
from compare_runs import differences


def write_run(folder, seconds=1.0, score=0.1 + 0.2, weight=1.0, loss="0.5", sums=3.0):
    (folder / "checkpoints").mkdir(parents=True)
    metrics = {"test": {"accuracy": {"value": score, "signature": "accuracy|texts:3"}}}
    result = {"metrics": metrics, "training": {"steps": 3, "wall_seconds": seconds}, "started": f"at {seconds}"}
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "metrics.csv").write_text(f"step,train/loss,train/tokens_per_second\n1,{loss},{seconds}\n")
    np.savez(folder / "items.npz", sums=np.array([sums, 1.0]))
    for name in ("best", "last"):
        torch.save({"state_dict": {"w": torch.tensor([weight, 2.0])}}, folder / "checkpoints" / f"{name}.ckpt")


def test_time_is_no_difference(tmp_path):
    write_run(tmp_path / "a/sentiment/x", seconds=1.0)
    write_run(tmp_path / "b/sentiment/x", seconds=2.0)
    assert differences(tmp_path / "a", tmp_path / "b") == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score": 0.3}, "result.json: metrics.test.accuracy.value: 0.30000000000000004 before, 0.3 after"),
        ({"loss": "0.50000001"}, "metrics.csv: train/loss: row 1: 0.5 before, 0.50000001 after"),
        ({"sums": 4.0}, "items.npz: sums: 1 of 2 values, by up to 1"),
        ({"weight": 1.0000001}, "checkpoints/last.ckpt: w: 1 of 2 values, by up to 1.19e-07"),
    ],
)
def test_the_last_digit_is_one(tmp_path, change, told):
    write_run(tmp_path / "a/x")
    write_run(tmp_path / "b/x", **change)
    assert f"x: {told}" in differences(tmp_path / "a", tmp_path / "b")


def test_a_missing_run_and_no_run_at_all(tmp_path):
    write_run(tmp_path / "a/x")
    (tmp_path / "b").mkdir()
    assert differences(tmp_path / "a", tmp_path / "b") == [f"x: only in {tmp_path / 'a/x'}"]
    assert "no run" in differences(tmp_path / "b", tmp_path / "b")[0]
