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


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not count peak memory")
def test_what_was_freed_before_hides_nothing():
    left = [torch.ones(8 << 10) for _ in range(3000)]  # of 32 KiB each, which the heap keeps
    last = left.pop()
    left.clear()

    def step():
        return [torch.ones(8 << 10) for _ in range(1000)]

    assert peak(step, "cpu") == pytest.approx(32 << 20, rel=0.1)
    assert last.all()
