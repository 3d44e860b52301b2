"""What all tests share."""

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch

from rnnbench.applications import applications

if not torch.cuda.is_available():
    # Before anything imports triton: without a GPU its kernels are run by its interpreter.
    os.environ.setdefault("TRITON_INTERPRET", "1")

# No test fails on a time: the machine may be busy.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

# What the command does for itself: a test that goes around it sees the same, whichever test came before.
os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")

# Tests of two processes run on one core, too.
os.environ.setdefault("RNNBENCH_OVERSUBSCRIBE", "1")


@pytest.fixture(scope="session")
def native_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where native code is kept: each step is compiled once for all tests and all processes that run them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "fused"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@pytest.fixture
def cache(tmp_path: Path, native_code: Path) -> Path:
    """The test's own cache, which shares nothing with others but native code."""
    folder = tmp_path.with_name(f"{tmp_path.name}-cache")
    folder.mkdir()
    (folder / "fused").symlink_to(native_code)
    return folder


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a folder of its own, with a cache of its own and no network by accident."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNBENCH_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Small products gain nothing from threads, and those of several workers wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _cards_are_read() -> None:
    """What is read once in a process is on no test's clock."""
    applications()


@pytest.fixture(autouse=True)
def _same_threads() -> Iterator[None]:
    """What a test or a command sets is over with it."""
    yield
    torch.set_num_threads(1)


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; skips where there is none."""
    folder = os.environ.get("RNNBENCH_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RNNBENCH_TEST_DATA names no folder of data sets")
    return Path(folder)


@pytest.fixture
def in_a_process() -> Callable[[str], str]:
    """Runs a command line in a process of its own, on one thread, and gives what it said; it must succeed."""

    def run(words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "rnnbench", *shlex.split(words), "--debug"], capture_output=True, text=True,
            timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture
def on_two_processes(in_a_process: Callable[[str], str]) -> Callable[[str], str]:
    """Runs a command line whose trainer has two processes."""
    two = "--trainer.accelerator cpu --trainer.strategy ddp --trainer.devices 2"
    return lambda words: in_a_process(f"{words} {two}")


class Killed(BaseException):
    """Nothing in a training handles it, as nothing handles a kill."""


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """A training in the context ends once the checkpoint of a step is written; what a kill leaves is just that file."""
    # Not with the others above: it may import triton.
    from rnnbench.platform.checkpoint import RunCheckpoint

    @contextlib.contextmanager
    def dying(step: int) -> Iterator[None]:
        save = RunCheckpoint._save_last

        def save_and_die(self, trainer):
            save(self, trainer)
            if trainer.global_step == step:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(RunCheckpoint, "_save_last", save_and_die)
            try:
                yield
            except Killed:
                return
        pytest.fail(f"the training did not come to step {step}")

    return dying


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], contextlib.AbstractContextManager[None]]:
    """A training in the context ends before a step, and nobody has time to write anything."""
    from rnnbench.platform.checkpoint import RunCheckpoint
    from rnnbench.platform.recorder import RunRecorder

    @contextlib.contextmanager
    def dying(step: int) -> Iterator[None]:
        decide = RunCheckpoint._decide

        def die(self, trainer, batch_idx):
            if trainer.global_step == step:
                raise Killed
            return decide(self, trainer, batch_idx)

        with monkeypatch.context() as patch:
            patch.setattr(RunCheckpoint, "_decide", die)
            patch.setattr(RunRecorder, "on_exception", lambda *_: None)
            try:
                yield
            except Killed:
                return
        pytest.fail(f"the training did not come to step {step}")

    return dying


@pytest.fixture
def same_weights() -> Callable[[Path, Path], bool]:
    """Whether the best and the last checkpoints of two run folders hold the same weights, bit for bit."""

    def same(first: Path, second: Path) -> bool:
        for name in ("last", "best"):
            a, b = (torch.load(run / f"checkpoints/{name}.ckpt", weights_only=True) for run in (first, second))
            a, b = a["state_dict"], b["state_dict"]
            if a.keys() != b.keys() or not all(torch.equal(a[key], b[key]) for key in a):
                return False
        return True

    return same
