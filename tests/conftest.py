"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():
    # Before anything imports triton: without a GPU its kernels are run by its interpreter.
    os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a folder of its own, with a cache of its own and no network by accident."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    """Small products gain nothing from threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; skips where there is none."""
    folder = os.environ.get("RNNBENCH_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RNNBENCH_TEST_DATA names no folder of data sets")
    return Path(folder)
