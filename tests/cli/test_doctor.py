"""What the doctor says of machines that lack something, and what a preset is said to need."""

import sys

import pytest

from rnnbench.applications import applications
from rnnbench.cli import doctor
from rnnbench.cli.needs import needs
from rnnbench.cli.presets import config_path
from rnnbench.data.fetched import index
from rnnbench.engine.fused import build


@pytest.fixture(autouse=True)
def _as_a_new_process(monkeypatch):
    monkeypatch.setattr(build, "_loaded", {})
    build._compiler.cache_clear()
    yield
    build._compiler.cache_clear()


def test_a_whole_machine_is_well(rnnbench):
    done = rnnbench("doctor")
    assert done.status == 0
    assert "!!" not in done.out
    for part in ("rnnbench", "packages", "torch", "compiler", "engine", "cache", "extras"):
        assert f"  {part}" in done.out
    assert "ok  engine       LSTM runs on fused" in done.out


def test_without_a_compiler_it_says_how_to_get_one(rnnbench, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    done = rnnbench("doctor")
    assert done.status == 0
    assert "--  compiler     there is no C++ compiler (no-such-compiler)\n" in done.out
    assert "as administrator" in done.out
    assert "LSTM runs on torch on the CPU; not on fused: there is no C++ compiler" in done.out


def test_a_compiler_that_fails_is_told(rnnbench, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo broken 1 && exit 0\necho "error: out of order" >&2\nexit 1\n'
    )
    broken.chmod(0o700)
    monkeypatch.setenv("CXX", str(broken))
    done = rnnbench("doctor")
    assert done.status == 0
    assert "--  native code  " in done.out
    assert "out of order" in done.out


def test_a_cache_that_cannot_be_written_is_told(rnnbench, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RNNBENCH_CACHE", str(tmp_path / "file" / "cache"))
    done = rnnbench("doctor")
    assert done.status == 0
    assert "cannot be written" in done.out
    assert "export RNNBENCH_CACHE=FOLDER" in done.out
    assert "ok  native code  is built and runs" in done.out


def test_the_network_is_asked_only_where_it_is_wanted(rnnbench, monkeypatch):
    asked = []
    monkeypatch.setattr(index, "reachable", lambda: asked.append(1))
    assert "index" not in rnnbench("doctor").out
    assert asked == []
    assert "ok  index        the package index answers" in rnnbench("doctor --network").out
    monkeypatch.undo()
    nobody = index.IndexSettings(index_urls=("http://127.0.0.1:9/simple",))
    monkeypatch.setattr(index, "index_settings", lambda: nobody)
    done = rnnbench("doctor --network")
    assert done.status == 0
    assert "--  index        http://127.0.0.1:9/simple: " in done.out


def test_what_nothing_runs_without_is_an_error(rnnbench, monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda _: ["no-such-package>=1", 'other; extra == "speech"'])
    monkeypatch.setitem(sys.modules, "torch", None)
    done = rnnbench("doctor")
    assert done.status == 1
    assert "!!  packages     missing: no-such-package" in done.out
    assert "pip install no-such-package" in done.out
    assert "!!  torch        torch cannot be imported" in done.out
    assert "pip install 'rnnbench[speech]'" in done.out


def test_presets_say_what_they_need(rnnbench, tmp_path):
    assert needs(config_path("sentiment/bilstm")) == ["network, once"]
    assert needs(config_path("sentiment/imdb")) == ["files: imdb"]
    (tmp_path / "imdb").mkdir()
    assert needs(config_path("sentiment/imdb")) == []
    assert needs(config_path("cells/gru")) == []
    others = ["run: runs/text_generation/ptb_elman", "run: runs/text_generation/ptb_5gram"]
    assert needs(config_path("text_generation/ptb_mixture")) == ["files: penn_treebank", *others]
    assert needs(config_path("probe/reviews")) == ["run: runs/text_generation/small"]
    assert "[run: runs/text_generation/small] L1 logistic" in rnnbench("list presets").out
    (tmp_path / "runs/text_generation/small/checkpoints").mkdir(parents=True)
    assert needs(config_path("probe/reviews")) == []
    assert [one.card.quick for one in applications().values() if needs(config_path(one.card.quick))] == []
    assert "sentiment/bilstm  " in (listed := rnnbench("list presets").out)
    assert "[network, once] BiLSTM" in listed
