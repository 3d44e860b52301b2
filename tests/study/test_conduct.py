"""A study is run once, goes on where it was stopped, and reports what failed."""

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from a_study import FILE, ONE, TUNED, conducted

from rnnbench.errors import UserError
from rnnbench.results.record import read_result
from rnnbench.study.conduct import locked


def steps(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.rglob("steps")}


def test_a_study_is_run_once(study, tmp_path):
    folder = tmp_path / "out"
    first = conducted(study(), folder)
    assert first.failures == {}
    assert len(first.started) == 9
    assert "looking at options, data and sizes of 4 models" in first.printed
    assert "9 new runs in" in first.printed
    assert first.printed.rstrip().endswith("0 queued, 0 running, 9 done, 0 failed")
    assert sorted(len(table.runs) for table in first.comparison.tables) == [4, 5]
    assert (folder / "compare.md").is_file()
    assert {path.name for path in folder.rglob("*.ckpt")} == {"best.ckpt"}
    assert (folder / "sentiment/builtin-lstm-1/log.txt").read_text() == "trained builtin-lstm-1\n"
    assert not list((folder / "logs").rglob("*-1.log"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("result.json")}
    again = conducted(study(), folder)
    assert again.started == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("result.json")} == before
    assert len(again.comparison.tables) == 2
    assert "looking at" not in again.printed

    spoilt = folder / "sentiment/builtin-lstm-1/result.json"
    spoilt.write_text('{"application": ')
    found = conducted(study(), folder)
    assert list(found.failures) == ["sentiment/builtin-lstm-1"]
    assert "truncated or not JSON" in found.failures["sentiment/builtin-lstm-1"]

    found = conducted(study(FILE.replace("65000", "70000")), folder)
    assert len(found.failures) == 8
    assert found.started == []
    assert "it was made with other options" in found.failures["sentiment/builtin-Elman-1"]


def test_sizes_are_looked_for_once(study, tmp_path):
    folder, text = tmp_path / "out", ONE.replace("{parameters", "{total_parameters")
    first = conducted(study(text), folder)
    assert "looking for the sizes of 2 models" in first.printed
    sizes = set(json.loads((folder / "sizes.json").read_text()).values())
    commands = " ".join(read_result(path).command for path in folder.glob("*/*-lstm-*/result.json"))
    assert any(f'"hidden_size": {size}, "parameters": null' in commands for size in sizes)
    again = conducted(study(text), folder)
    assert again.started == []
    assert "looking for" not in again.printed


def test_all_checkpoints_are_kept_where_asked(study, tmp_path):
    conducted(study(ONE + "keep: all\n"), tmp_path / "all")
    assert {path.name for path in (tmp_path / "all").rglob("*.ckpt")} == {"best.ckpt", "last.ckpt"}


def test_a_grid_is_tuned_on_validation_with_seeds_of_its_own(study, tmp_path):
    folder = tmp_path / "out"
    assert conducted(study(ONE + TUNED), folder).failures == {}
    for path in folder.glob("*/*-[12]/result.json"):
        result = read_result(path)
        assert result.baseline or "--model.optimizer.lr=0.004" in result.command
        assert result.seed in (1, 2)
    with (folder / "tuning.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["seed"] for row in rows} == {"7"}
    assert [row["model.optimizer.lr"] for row in rows if row["chosen"] == "1"] == ["0.004"] * 2
    assert {(row["metric"], row["better"], row["budget"]) for row in rows} == {("perplexity", "min", "65000")}
    assert not list((folder / "tuning").rglob("*.ckpt"))
    assert conducted(study(ONE + TUNED), folder).started == []


def test_a_failed_run_is_reported_and_stops_no_other(study, tmp_path):
    folder = tmp_path / "out"
    text = ONE.replace("[1, 2]", "[1, 13, 14]")
    found = conducted(study(text), folder)
    assert found.failures == {
        f"text_generation/char_lstm-{cell}-{seed}": why
        for cell in ("lstm", "Elman")
        for seed, why in ((13, "seed 13 brings bad luck"), (14, "its process died: exit status 3"))
    }
    assert "3 done, 4 failed" in found.printed
    assert "failed text_generation/char_lstm-Elman-13: seed 13 brings bad luck" in found.printed
    again = conducted(study(text), folder)
    assert again.started == []
    assert again.failures == found.failures
    assert len(conducted(study(text), folder, retry=True).started) == 4


def test_a_cell_whose_trials_all_fail_has_no_final_runs(study, tmp_path):
    found = conducted(study(ONE + TUNED.replace("[7]", "[13]")), tmp_path / "out")
    assert found.failures["text_generation/char_lstm-lstm-2"] == "no trial of its tuning was finished"
    assert "1 done" in found.printed


def test_a_run_that_is_stopped_from_outside_ends_the_study_when_the_others_are_done(study, tmp_path):
    with pytest.raises(UserError, match=r"stopped from outside: text_generation/char_lstm-lstm-15, text_gen"):
        conducted(study(ONE.replace("[1, 2]", "[1, 15]")), tmp_path / "out", workers=1)
    assert len(list((tmp_path / "out").rglob("result.json"))) == 3


def test_a_wrong_option_is_found_before_the_first_run(study, tmp_path):
    text = FILE.replace("sentiment/builtin:", "sentiment/builtin: {options: {no.such.option: 3}}")
    with pytest.raises(UserError) as caught:
        conducted(study(text), tmp_path / "out")
    assert caught.value.problem == "there is no such option"
    assert caught.value.where.endswith("some.yaml: applications.sentiment/builtin.options.no.such.option")
    told = caught.value.hint.replace("lstm", "?").replace("Elman", "?")
    assert told == "found with the cell ?; with ? on sentiment/builtin: there is no such option", (
        "of all misfits at once"
    )
    assert not list((tmp_path / "out").rglob("result.json"))


MAIN = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from a_study import conducted
from rnnbench.cli.presets import config_path
from rnnbench.study.file import read_study
print(conducted(read_study(Path("some.yaml"), config_path), Path("out")).printed)
"""


def begin(tmp_path: Path) -> subprocess.Popen:
    code = textwrap.dedent(MAIN.format(tests=str(Path(__file__).parent)))
    environment = {**os.environ, "FAKE_SLOW": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "after"),
    [
        (signal.SIGKILL, 6),
        (signal.SIGINT, 6),
        *(pytest.param(n, a, marks=pytest.mark.slow) for n in (signal.SIGKILL, signal.SIGINT) for a in (1, 15, 25)),
    ],
)
def test_killed_at_any_moment_it_goes_on(study, tmp_path, number, after):
    """After so many steps in all: every step is done once, whatever is killed."""
    study(ONE + TUNED)
    process = begin(tmp_path)
    deadline = time.monotonic() + 60
    while sum(len(text.split()) for text in steps(tmp_path).values()) < after:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    # The runs hold the lock: when it is free, none of them lives.
    found = conducted(study(ONE + TUNED), tmp_path / "out")
    assert found.failures == {}
    assert "9 done" in found.printed
    assert set(steps(tmp_path).values()) == {"0 1 2 3 "}
    assert len(steps(tmp_path)) == 9


def test_two_processes_do_not_share_a_study(tmp_path, monkeypatch):
    from rich.console import Console

    monkeypatch.setattr("rnnbench.study.conduct._WAIT_SECONDS", 0.0)
    works = pytest.raises(UserError, match="another process works on this study")
    with locked(tmp_path, Console()), works, locked(tmp_path, Console()):
        pass
