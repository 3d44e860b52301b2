"""Whole runs: context helps, predict, chat, bad input."""

import io
import json
import sys
from pathlib import Path

import pytest

from rnnbench.applications import applications
from rnnbench.cli import main, streams
from rnnbench.cli.presets import preset_names
from rnnbench.results.record import read_result

TINY = f"--config dialogue/builtin {' '.join(applications()['dialogue'].card.tiny)} --trainer.max_epochs 1"
PRESETS = [name for name in preset_names() if name.startswith("dialogue/builtin")]


def metrics(name, split="test"):
    found = read_result(Path(f"runs/dialogue/{name}/result.json"))
    return {key: metric.value for key, metric in found.metrics[split].items()}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of each kind: one that replies, and two that re-rank."""
    folder = tmp_path_factory.mktemp("runs")
    for name, options in (("a", []), ("language", ["--data.turns=0"]), ("back", ["--data.reversed=true"])):
        assert main(["fit", *TINY.split(), *options, f"--runs={folder}", f"--name={name}"]) == 0
    return folder / "dialogue"


@pytest.fixture
def said(monkeypatch):
    """Makes standard input of a text, or of nothing."""

    def say(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))

    return say


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke --data.source.train 30 --data.source.held_out 5 --name smoke")
    assert Path("runs/dialogue/smoke/result.json").is_file()


@pytest.mark.slow
def test_what_was_said_long_ago_is_known_to_those_who_read_it(rnnbench):
    for name, turns in (("one", 1), ("eight", 8)):
        rnnbench(f"fit --config dialogue/builtin --data.turns {turns} --name {name}")
        rnnbench(f"test --run runs/dialogue/{name}")
    assert metrics("eight")["nats_per_token"] < 0.8 * metrics("one")["nats_per_token"]
    assert metrics("eight")["bleu"] > metrics("one")["bleu"] + 10


def test_a_conversation(rnnbench, runs, said, monkeypatch):
    run = f"chat --run {runs / 'a'}"
    said("hello, i am anna.\n\n/temperature 0\na tea, please.\n/reset\nhello, i am anna.\n/quit\nnever read\n")
    first = rnnbench(run)
    replies = first.out.splitlines()
    assert len(replies) == 3
    assert first.err.splitlines()[-2:] == ["temperature 0", "forgotten"]
    said("/temperature 0\nhello, i am anna.\n")
    assert rnnbench(run).out.splitlines() == replies[2:], "after a reset nothing is remembered"
    said("hello, i am anna.\n")
    assert rnnbench(run).out.splitlines() == replies[:1], "the same seed draws the same"
    said("/temperature hot\n/temperature -1\n/rest\n")
    told = rnnbench(run)
    assert (told.status, told.out) == (0, "")
    assert "'hot' is no number" in told.err
    assert "must be 0 or more" in told.err
    assert "there is no command /rest; did you mean: /reset" in told.err
    said("")
    failed = rnnbench(run, debug=False)
    assert failed.status == 2
    assert "there is nothing to reply to" in failed.err
    failed = rnnbench(f"{run} --temperature -1", debug=False)
    assert (failed.status, "must be 0 or more" in failed.err) == (2, True)
    lines = iter(["hi", "/help"])
    monkeypatch.setattr(streams, "is_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines, None) or (_ for _ in ()).throw(EOFError))
    shown = rnnbench(run)
    assert len(shown.out.splitlines()) == 1
    assert "/temperature T" in shown.err


def test_predict_replies_to_turns_and_re_ranks(rnnbench, runs):
    Path("lines.txt").write_text("hello, i am anna.\nhi\thello\ta tea, please.\n\n")
    plain = rnnbench(f"predict --run {runs}/a lines.txt --format json").out.splitlines()
    found = [json.loads(line) for line in plain]
    assert [one["text"] for one in found] == ["hello, i am anna.", "hi\thello\ta tea, please.", ""]
    assert found[2]["replies"][0]["text"] == ""
    for helper in ("language", "back"):
        words = f"predict --run {runs}/a lines.txt --mmi {runs}/{helper} --nbest 4 --format json"
        for line in rnnbench(words).out.splitlines()[:2]:
            scores = [one["score"] for one in json.loads(line)["replies"]]
            assert len(scores) == 4
            assert scores == sorted(scores, reverse=True)
    failed = rnnbench(f"predict --run {runs}/a lines.txt --mmi {runs}/a", debug=False)
    assert (failed.status, "replies to turns as the model itself does" in failed.err) == (2, True)
    failed = rnnbench(f"predict --run {runs}/a lines.txt --mmi nowhere", debug=False)
    assert (failed.status, "nowhere holds no checkpoint" in failed.err) == (2, True)
    failed = rnnbench(f"predict --run {runs}/a", debug=False)
    assert (failed.status, "there is nothing to reply to" in failed.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize(("helper", "kind"), [("language", "anti_lm"), ("back", "bidi")])
def test_a_test_is_re_ranked_and_says_so_and_no_batch_changes_it(rnnbench, runs, helper, kind):
    found = []
    for size in (8, 1):
        rnnbench(f"test --run {runs}/a --data.mmi.run {runs}/{helper} --data.mmi.candidates 5 --data.batch_size {size}")
        result = read_result(runs / "a" / "result.json")
        assert result.decoding == f"mmi:{kind},0.3,0,5".replace("anti_lm", "anti_lm,5")
        found.append({name: metric.value for name, metric in result.metrics["test"].items()})
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_retrieval_is_tested_asked_and_talked_to(rnnbench, said):
    options = "--config dialogue/builtin_retrieval --data.source.train 30 --data.source.held_out 5"
    rnnbench(f"fit {options} --name nearest")
    rnnbench("test --run runs/dialogue/nearest")
    found = metrics("nearest")
    assert "perplexity" not in found
    assert 0 < found["bleu"] <= 100
    assert found["novel"] == 0, "it says what was said"
    Path("lines.txt").write_text("hello, i am anna.\n")
    (line,) = rnnbench("predict --run runs/dialogue/nearest lines.txt").out.splitlines()
    assert line.startswith("hello")
    said("hello, i am anna.\n")
    assert rnnbench("chat --run runs/dialogue/nearest").out == f"{line}\n"
    failed = rnnbench("predict --run runs/dialogue/nearest lines.txt --nbest 2", debug=False)
    assert (failed.status, "searches for no reply" in failed.err) == (2, True)


def test_what_cannot_converse_says_so(rnnbench):
    rnnbench(
        "fit --config sentiment/majority --data.source GeneratedReviews --data.source.train 20"
        " --data.source.held_out 5 --name a"
    )
    failed = rnnbench("chat --run runs/sentiment/a", debug=False)
    assert failed.status == 2
    assert "models of sentiment analysis do not converse" in failed.err
    assert "name a run of dialogue" in failed.err
    failed = rnnbench("chat", debug=False)
    assert (failed.status, "--run" in failed.err) == (2, True)
