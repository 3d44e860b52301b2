"""The table of a GPU: that it says so where there is none, and what it says where there is, on stand-ins for events."""

import math

import pytest
import torch

from rnnbench.engine.cuda import bench


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so(capsys):
    assert bench.main([]) == 2
    assert "no CUDA device" in capsys.readouterr().err


def test_the_table_is_complete(monkeypatch):
    """Everything but the clock and the counters, on the CPU."""
    ticks = iter(range(1, 1000))
    monkeypatch.setattr(bench, "_milliseconds", lambda step: float(next(ticks)))
    monkeypatch.setattr(bench, "_launches", lambda step: 7)
    monkeypatch.setattr(bench, "_memory", lambda step: 3 * 2**20)
    layer = torch.nn.Linear(2, 2)
    steps = {bench._CUDNN: lambda: layer(torch.ones(1, 2)), "LSTM (triton)": lambda: layer(torch.ones(1, 2))}
    column = bench._measure(steps, 3, math.inf)
    assert str(column["LSTM (triton)"]) == "1.33 (4.00 ms, 7, 3 MiB)"
    text = bench._table({(1, 2, 3, 4): {**column, "GRU (scan)": "no: it is not linear"}, (5, 6, 7, 8): column})
    assert text.splitlines()[0] == "| cell (engine) | 1, 2, 3, 4 | 5, 6, 7, 8 |"
    assert text.splitlines()[-1] == "| GRU (scan) | no: it is not linear |  |"
    assert all(line.count("|") == 4 for line in text.splitlines())
