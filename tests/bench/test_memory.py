from pathlib import Path

import pytest
import torch

from rnnbench.bench.memory import peak


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not count peak memory")
def test_the_peak_is_what_a_step_holds_at_most():
    def step():
        # 64 MiB twice, but never both at once.
        torch.ones(16 << 20)
        torch.ones(16 << 20)

    assert peak(step, "cpu") == pytest.approx(64 << 20, rel=0.1)
