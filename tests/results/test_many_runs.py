"""A thousand runs are compared within 3 seconds and reported within 30 on a core that imports scipy in 0.6."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from rnnbench.results.items import ITEMS_FILE, Items, write_items
from rnnbench.results.record import Data

pytestmark = pytest.mark.slow


@pytest.fixture
def _thousand(make_run):
    """25 tasks, 8 cells, 5 seeds, with the scores of 2,000 test items each."""
    rng = np.random.default_rng(3)
    for task in range(25):
        data = Data(dataset=f"d{task}", fingerprint=f"f{task}", details={})
        for cell in "ABCDEFGH":
            for seed in range(1, 6):
                test = 100 + ord(cell) + rng.normal()
                made = {"model": cell, "cell": cell, "settings": cell, "seed": seed, "data": data, "test": test}
                sums = np.stack([4 + rng.normal(size=2000), np.ones(2000)], 1)
                run = make_run(f"{task}-{cell}-{seed}", **made)
                write_items(run / ITEMS_FILE, Items("nats_per_token", np.arange(2000), sums))


def _processor_seconds(*words: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.usefixtures("_thousand")
def test_a_thousand_runs(tmp_path):
    yardstick = min(_processor_seconds("-c", "import scipy.stats") for _ in range(3))
    assert _processor_seconds("-m", "rnnbench", "compare", "runs") < 5 * yardstick
    assert _processor_seconds("-m", "rnnbench", "report", "runs", "--out", str(tmp_path / "report")) < 20 * yardstick
