from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from rnnbench.results.record import Data, Metric, Result, Training, write_result

MakeResult = Callable[..., Result]
MakeRun = Callable[..., Path]

_LSTM = Result(
    application="text_generation",
    model="LSTM",
    cell="LSTM",
    baseline=False,
    preset="text_generation/ptb_small",
    run="lstm",
    status="finished",
    message=None,
    data=Data(dataset="ptb", fingerprint="aaaa", details={"level": "word", "vocabulary": 10000, "unknown share": 0.05}),
    metrics={},
    parameters=4653200,
    training=Training(
        epochs=13.0,
        steps=30186,
        tokens=12084553,
        flops=1.5e15,
        tokens_per_second=5230.04,
        wall_seconds=2310.4,
        cpu_seconds=4600.0,
        peak_memory_bytes=512 * 2**20,
    ),
    selection="min validation/nats_per_token",
    budget="epochs:13",
    settings="0123456789ab",
    seed=1,
    versions={"python": "3.11.9", "torch": "2.13.0"},
    hardware={"cpu": "a processor", "cores": 2},
    processes=1,
    git_commit="0123abc",
    command="rnnbench fit --config text_generation/ptb_small",
    started="2025-01-02T03:04:05+00:00",
    finished="2025-01-02T03:44:05+00:00",
)


@pytest.fixture(scope="session")
def make_result() -> MakeResult:
    """A result of the word model on ``ptb``; ``test`` and ``validation`` are values of ``metric``."""

    def make(
        *,
        test: float | None = 115.5,
        validation: float | None = 121.0,
        metric: str = "perplexity",
        signature: str = "tokens:82430|strips:1|carried",
        fingerprint: str = "aaaa",
        **changes: object,
    ) -> Result:
        values = {"validation": validation, "test": test}
        metrics = {
            split: {metric: Metric(value=value, signature=f"{metric}|{signature}")}
            for split, value in values.items()
            if value is not None
        }
        data = dataclasses.replace(_LSTM.data, fingerprint=fingerprint)
        return dataclasses.replace(_LSTM, **{"metrics": metrics, "data": data, **changes})

    return make


@pytest.fixture
def make_run(tmp_path: Path, make_result: MakeResult) -> MakeRun:
    """A run folder ``runs/text_generation/NAME`` with a result in it."""

    def make(name: str, **changes: object) -> Path:
        folder = tmp_path / "runs" / "text_generation" / name
        folder.mkdir(parents=True)
        write_result(folder / "result.json", make_result(run=name, **changes))
        return folder

    return make
