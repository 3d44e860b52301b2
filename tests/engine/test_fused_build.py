"""Native code is built once, by one of many processes, and where it cannot be built there is another engine."""

import errno
import logging
import multiprocessing
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from rnnbench.cells import LSTM, Elman
from rnnbench.engine import auto, select_engine
from rnnbench.engine.fused import FusedEngine, build
from rnnbench.engine.reference import ReferenceEngine
from rnnbench.errors import UserError

SOURCE = 'extern "C" int answer() { return 42; }'


@pytest.fixture(autouse=True)
def _own_libraries(cache):
    """As a machine where nothing was built yet."""
    (cache / "fused").unlink()


@pytest.fixture
def fresh(monkeypatch):
    """As a process that has built nothing yet."""
    monkeypatch.setattr(build, "_loaded", {})
    build._compiler.cache_clear()
    auto._log_once.cache_clear()
    yield
    build._compiler.cache_clear()


def libraries(cache):
    return list((cache / "fused").glob("*.so"))


def test_a_library_is_built_once(fresh, cache, monkeypatch):
    assert build.load(SOURCE).answer() == 42
    assert len(libraries(cache)) == 1
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(build, "_build", lambda *_: pytest.fail("built twice"))
    assert build.load(SOURCE).answer() == 42


def test_the_folder_is_the_users_alone(fresh, cache):
    build.load(SOURCE)
    folder = cache / "fused"
    assert folder.stat().st_mode & 0o077 == 0
    assert [path for path in folder.iterdir() if path.suffix != ".so"] == []


def test_nothing_is_loaded_from_a_folder_that_others_write_to(fresh, cache, monkeypatch, caplog):
    build.load(SOURCE)
    (cache / "fused").chmod(0o777)
    built = []
    original = build._build
    monkeypatch.setattr(build, "_loaded", {})
    monkeypatch.setattr(build, "_build", lambda *given: built.append(given[2]) or original(*given))
    assert build.load(SOURCE).answer() == 42
    assert built[0] != cache / "fused"
    assert "only you can write to" in caplog.text


def _compiler_on_a_full_disk(folder, tmp_path, monkeypatch):
    """A compiler that finds no room in a folder."""
    compiler = tmp_path / "compiler"
    line = f'case "$*" in *"{folder}"*) echo "step.cpp: fatal error: No space left on device" >&2; exit 1;; esac'
    compiler.write_text(f'#!/bin/sh\n{line}\nexec g++ "$@"\n', encoding="utf-8")
    compiler.chmod(0o700)
    monkeypatch.setenv("CXX", str(compiler))


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
def test_a_full_cache_is_told_in_a_line_and_the_code_built_elsewhere(fresh, cache, tmp_path, monkeypatch, caplog):
    _compiler_on_a_full_disk(cache / "fused", tmp_path, monkeypatch)
    for _ in range(2):
        assert build.load(SOURCE).answer() == 42
    assert libraries(cache) == []
    assert [record.message for record in caplog.records] == [
        f"{cache / 'fused'} cannot be used (No space left on device): native code is built anew"
    ]


def test_where_no_file_can_be_written_the_next_engine_runs(fresh, monkeypatch, caplog):
    def full(*_args, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(build.tempfile, "TemporaryDirectory", full)
    caplog.set_level(logging.INFO)
    cell, x = Elman(3, 4, nonlinearity="sigmoid"), torch.randn(2, 5, 3)
    assert torch.equal(call(select_engine(cell), cell, x)[0], call(ReferenceEngine(), cell, x)[0])
    assert "not on fused: there is no place to build its step in: No space left on device" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_library_is_built_anew(fresh, cache, monkeypatch, damage):
    build.load(SOURCE)
    (library,) = libraries(cache)
    whole = library.read_bytes()
    library.unlink()
    library.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    monkeypatch.setattr(build, "_loaded", {})
    assert build.load(SOURCE).answer() == 42
    assert libraries(cache)[0].stat().st_size == len(whole)


_PROCESS = """
import torch, sys
from rnnbench.cells import Elman
from rnnbench.engine.fused import FusedEngine
torch.manual_seed(0)
cell, x = Elman(3, 4), torch.randn(2, 5, 3)
y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(2, x), None)
print(float(y.detach().double().sum()))
"""


@pytest.mark.slow
def test_processes_that_build_at_once_agree(cache):
    started = [subprocess.Popen([sys.executable, "-c", _PROCESS], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate(timeout=120)[0] for process in started}
    assert [process.returncode for process in started] == [0, 0]
    assert len(outputs) == 1
    # And the one that is the same for all cells.
    assert len(libraries(cache)) == 2


def _step_in_a_child(cell, x, queue):
    y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(len(x), x), None)
    y.sum().backward()
    queue.put((y.detach().sum().item(), cell.weight_hh.grad.sum().item()))


def test_a_forked_worker_runs(tmp_path):
    torch.set_num_threads(2)
    cell, x = Elman(64, 64), torch.randn(64, 50, 64)
    y, _ = FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(64, x), None)
    y.sum().backward()
    expected = y.detach().sum().item(), cell.weight_hh.grad.sum().item()
    cell.zero_grad()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    # Torch's own operators wait for ever in such a child unless they use one thread, as a DataLoader's worker does.
    torch.set_num_threads(1)
    child = context.Process(target=_step_in_a_child, args=(cell, x, queue))
    child.start()
    found = queue.get(timeout=60)
    child.join(timeout=60)
    assert child.exitcode == 0
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_forked_process_uses_one_thread():
    torch.set_num_threads(2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=lambda: queue.put(engine_threads()))
    child.start()
    assert queue.get(timeout=60) == 1
    child.join(timeout=60)
    assert engine_threads() == 2


def engine_threads():
    from rnnbench.engine.fused.threads import thread_count

    return thread_count(8)


def call(engine, cell, x):
    return engine.run(cell, dict(cell.named_parameters()), x, cell.initial_state(len(x), x), None)


def test_without_a_compiler_the_next_engine_runs(fresh, monkeypatch, caplog):
    monkeypatch.setenv("CXX", "no-such-compiler")
    caplog.set_level(logging.INFO)
    auto._log_once.cache_clear()
    cell, x = Elman(3, 4, nonlinearity="sigmoid"), torch.randn(2, 5, 3)
    for _ in range(2):
        assert torch.equal(call(select_engine(cell), cell, x)[0], call(ReferenceEngine(), cell, x)[0])
    assert auto.fastest_engine(LSTM(3, 4))[0].name == "torch"
    lines = [record.message for record in caplog.records if "Elman" in record.message]
    assert len(lines) == 1
    assert "Elman runs on the reference engine" in lines[0]
    assert "not on fused: there is no C++ compiler (no-such-compiler)" in lines[0]
    with pytest.raises(UserError, match="no C\\+\\+ compiler"):
        select_engine(cell, "fused")


def test_on_windows_the_next_engine_runs_and_it_is_said_why(fresh, monkeypatch, caplog):
    monkeypatch.setattr(build, "sys", SimpleNamespace(platform="win32"))
    caplog.set_level(logging.INFO)
    cell, x = LSTM(3, 4), torch.randn(2, 5, 3)
    assert torch.allclose(call(select_engine(cell), cell, x)[0], call(ReferenceEngine(), cell, x)[0], atol=1e-6)
    (line,) = [record.message for record in caplog.records if "LSTM" in record.message]
    assert line.startswith("LSTM runs on the torch engine; not on fused: native code is not built on Windows")
    with pytest.raises(UserError, match="native code is not built on Windows"):
        select_engine(cell, "fused")


def test_what_apples_compiler_does_not_know_is_not_asked_of_it(fresh, monkeypatch):
    monkeypatch.setattr(build, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(build.platform, "machine", lambda: "arm64")
    assert not [flag for flag in build._system_flags() if flag.startswith(("-fopenmp", "-mcpu", "-march"))]
    cell, x = LSTM(3, 4), torch.randn(2, 5, 3)
    assert torch.allclose(call(FusedEngine(), cell, x)[0], call(ReferenceEngine(), cell, x)[0], atol=1e-6)


def test_a_broken_compiler_is_told_once_and_the_next_engine_runs(fresh, tmp_path, monkeypatch, caplog):
    compiler = tmp_path / "broken"
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "error: out of order" >&2\nexit 1\n')
    compiler.chmod(0o700)
    monkeypatch.setenv("CXX", str(compiler))
    caplog.set_level(logging.INFO)
    auto._log_once.cache_clear()
    cell, x = Elman(3, 4, nonlinearity="sigmoid"), torch.randn(2, 5, 3)
    for _ in range(3):
        assert torch.equal(call(select_engine(cell), cell, x)[0], call(ReferenceEngine(), cell, x)[0])
    assert len([record.message for record in caplog.records if "out of order" in record.message]) == 1
    with pytest.raises(UserError, match="the fused engine cannot run Elman: .*out of order"):
        call(select_engine(cell, "fused"), cell, x)


def test_another_processor_is_not_the_fused_engines():
    cell, x = LSTM(3, 4).to("meta"), torch.empty(2, 5, 3, device="meta")
    assert call(select_engine(cell), cell, x)[0].shape == (2, 5, 4)
    with pytest.raises(UserError, match="the fused engine runs on CPUs only, found a tensor on meta"):
        call(select_engine(cell, "fused"), cell, x)


def test_cells_of_other_sizes_share_a_library(fresh, cache):
    for hidden in (5, 8, 13):
        cell, x = LSTM(3, hidden), torch.randn(2, 4, 3)
        FusedEngine().run(cell, dict(cell.named_parameters()), x, cell.initial_state(2, x), None)
    # And the one that is the same for all cells.
    assert len(libraries(cache)) == 2
