"""Answers of a trained model: where and how they are computed changes none, and none waits for the next question."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import rnnbench as package


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny classifier."""
    tiny = {"model__backbone__hidden_size": 8, "model__embedding__embedding_size": 8, "max_epochs": 1}
    folder = tmp_path_factory.mktemp("runs")
    return package.fit("sentiment/builtin", runs=folder, name="tiny", data__source__train=60, **tiny).path


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"the film was {'not ' * (i % 5)}good{' but long' * (i % 7)}\n" for i in range(40)))
    return path


def test_the_size_of_a_batch_changes_no_number(rnnbench, run, texts):
    sizes = ["", " --batch-size 1", " --batch-size 7"]
    shown = [rnnbench(f"predict --run {run} {texts} --format json --precision 64-true{size}").out for size in sizes]
    assert len(shown[0].splitlines()) == 40
    assert shown[0] == shown[1] == shown[2]
    single = rnnbench(f"predict --run {run} {texts} --format json --batch-size 1").out
    for one, other in zip(shown[0].splitlines(), single.splitlines(), strict=True):
        wanted, found = (json.loads(line)["probabilities"] for line in (one, other))
        assert found == pytest.approx(wanted, rel=1e-5)


def test_what_it_is_computed_in_is_heeded(rnnbench, run, texts):
    full = rnnbench(f"predict --run {run} {texts} --format json").out
    half = rnnbench(f"predict --run {run} {texts} --format json --precision bf16-mixed").out
    assert half != full
    for one, other in zip(full.splitlines(), half.splitlines(), strict=True):
        assert json.loads(other)["probabilities"] == pytest.approx(json.loads(one)["probabilities"], abs=0.02)


def test_throughput_is_told_beside_the_answers(rnnbench, run, texts):
    done = rnnbench(f"predict --run {run} {texts} --output answers.txt")
    assert done.out == ""
    assert done.err.startswith("40 lines in ")
    assert done.err.endswith(" lines/s\n")


@pytest.mark.parametrize(
    ("place", "problem"),
    [("nowhere/answers.txt", "there is no folder nowhere"), (".", "no file but a folder"), ("pipe", "but a pipe")],
)
@pytest.mark.parametrize("option", ["--output", "--html"])
def test_what_cannot_be_written_is_told_before_the_work(
    rnnbench, run, texts, tmp_path, monkeypatch, place, problem, option
):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    monkeypatch.setattr("rnnbench.cli.predict.load_model", lambda *_: pytest.fail("answered first"))
    done = rnnbench(f"predict --run {run} {texts} {option} {place}")
    assert done.status == 2
    assert done.err.startswith(f"error: {place}\n")
    assert problem in done.err
    assert pathlib.Path("pipe").exists()
    assert not pathlib.Path("pipe").is_file()


@pytest.mark.slow
def test_series_of_a_table_are_forecast(tmp_path):
    import numpy as np
    import pandas as pd

    tiny = {"model__backbone__hidden_size": 6, "max_epochs": 1, "limit_train_batches": 3}
    run = package.fit("forecasting/builtin", name="a", **tiny)
    times = pd.date_range("2024-01-01", periods=200, freq="h")
    table = pd.DataFrame({"time": times, "value": np.sin(np.arange(200) / 4)})
    wanted = run.predict(table)[0]
    assert len(wanted["times"]) == len(wanted["values"]) == run.model.horizon
    half = run.predict(table, precision="bf16-mixed")[0]
    assert half["values"] == pytest.approx(wanted["values"], abs=0.05)
    whole = run.predict(table, precision="64-true")[0]
    assert whole["values"] == pytest.approx(wanted["values"], abs=1e-5)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("--device abacus", "there is no device 'abacus'"),
        ("--device meta", "computes nothing"),
        ("--device cuda:99", "there is no device 'cuda:99'"),
        ("--precision 8", "invalid choice: '8'"),
        ("--batch-size 0", "must be at least 1, found 0"),
    ],
)
def test_wrong_options_are_told(rnnbench, run, texts, words, problem):
    done = rnnbench(f"predict --run {run} {texts} {words}")
    assert done.status == 2
    assert problem in done.err


def test_a_table_is_not_read_as_text(rnnbench, run, tmp_path):
    (tmp_path / "films.csv").write_text("text,label\nthe film was good,positive\n")
    done = rnnbench(f"predict --run {run} {tmp_path / 'films.csv'}")
    assert (done.status, done.out) == (2, "")
    assert "its header and commas would be read as text" in done.err


@pytest.mark.slow
def test_a_question_is_answered_before_the_next_one_is_asked(run):
    command = [sys.executable, "-m", "rnnbench", "predict", "--run", str(run), "-"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
    ) as process:
        for text in ("the film was good", "der Film", "again"):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode().rstrip("\n").endswith(f"\t{text}")
        out, err = process.communicate(b"no end of line", timeout=60)
    assert out.decode().endswith("\tno end of line\n")
    assert "stdin, line 2: none of its words is in the vocabulary" in err.decode()
    assert "4 lines in " in err.decode()
