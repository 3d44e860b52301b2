from __future__ import annotations

from pathlib import Path

import pytest

from rnnbench.results.record import Data, Metric


@pytest.fixture
def study(make_run) -> Path:
    """Three cells and a counted model on two tasks, three seeds each, with curves; returns the folder of runs."""
    level = {"GRU": 100.0, "LSTM": 110.0, "Elman": 130.0}
    for task, scale in (("ptb", 1.0), ("brown", 2.0)):
        data = Data(dataset=task, fingerprint="aaaa", details={})
        for k, (cell, value) in enumerate(level.items()):
            for seed in (1, 2, 3):
                name = f"{task}-{cell}-{seed}"
                folder = make_run(
                    name, model=f"{cell} 1x64", cell=cell, seed=seed, data=data, parameters=1000 * (k + 1),
                    metrics=_metrics(scale * (value + 0.3 * seed)),
                )  # fmt: skip
                lines = ["epoch,step,train/loss,validation/perplexity"]
                lines += [f"0,{step},{5 / step},{scale * (value + 300 / step)}" for step in range(10, 200, 10)]
                (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
        make_run(
            f"{task}-counted", model="Kneser-Ney", cell=None, baseline=True, seed=None, data=data, budget=None,
            parameters=90_000, metrics=_metrics(scale * 120.0),
        )  # fmt: skip
    return Path(folder).parents[1]


def _metrics(value: float) -> dict[str, dict[str, Metric]]:
    signature = "perplexity|tokens:100"
    return {split: {"perplexity": Metric(value=value, signature=signature)} for split in ("validation", "test")}
