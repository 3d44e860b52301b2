from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rnnbench.report.build import build
from rnnbench.report.runs import content_of_runs
from rnnbench.results.record import Data, Metric, write_result


@pytest.fixture(scope="session")
def finished_study(make_result, tmp_path_factory) -> Path:
    """Three cells and a counted model on two tasks, three seeds each, with curves; to be read only."""
    runs = tmp_path_factory.mktemp("study") / "runs"
    level = {"GRU": 100.0, "LSTM": 110.0, "Elman": 130.0}
    for task, scale in (("ptb", 1.0), ("brown", 2.0)):
        data = Data(dataset=task, fingerprint=f"{task}-read", details={})

        def write(name: str, value: float, **changes: object) -> Path:
            folder = runs / "text_generation" / name
            folder.mkdir(parents=True)
            metric = Metric(value=value, signature="perplexity|tokens:100")
            metrics = {split: {"perplexity": metric} for split in ("validation", "test")}
            write_result(folder / "result.json", make_result(run=name, data=data, metrics=metrics, **changes))  # noqa: B023
            return folder

        for k, (cell, value) in enumerate(level.items()):
            for seed in (1, 2, 3):
                folder = write(
                    f"{task}-{cell}-{seed}", scale * (value + 0.3 * seed),
                    model=f"{cell} 1x64", cell=cell, seed=seed, parameters=1000 * (k + 1),
                )  # fmt: skip
                lines = ["epoch,step,train/loss,validation/perplexity"]
                lines += [f"0,{step},{5 / step},{scale * (value + 300 / step)}" for step in range(10, 200, 10)]
                (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
        write(
            f"{task}-counted", scale * 120.0,
            model="Kneser-Ney", cell=None, baseline=True, seed=None, budget=None, parameters=90_000,
        )  # fmt: skip
    return runs


@pytest.fixture
def study(finished_study: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(finished_study, tmp_path / "runs")


@pytest.fixture(scope="session")
def written(finished_study: Path, tmp_path_factory) -> Path:
    """The report of it; to be read only."""
    out = tmp_path_factory.mktemp("report")
    build(content_of_runs([str(finished_study)], []), out)
    return out
