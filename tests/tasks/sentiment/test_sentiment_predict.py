"""Predictions: an answer for every line, coloured text, notices."""

import itertools
import json
import re

import pytest

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.tasks.sentiment import RecurrentClassifier, pictures
from rnnbench.tasks.sentiment.pictures import in_pieces

PREDICT = "predict --run runs/sentiment/a"
TEXT = "The  plot isn't dull,\tbut <slow> & \N{LATIN CAPITAL LETTER I WITH DOT ABOVE}x."


@pytest.fixture
def run(rnnbench, small, tmp_path):
    """A run that has trained a little."""
    rnnbench(f"fit {small} --trainer.max_epochs 1 --name a")
    return tmp_path / "runs/sentiment/a"


def test_every_line_has_an_answer(rnnbench, run, tmp_path):
    (tmp_path / "lines.txt").write_text(f"{TEXT}\n\nxqzt blorp\nthe plot\n")
    outcome = rnnbench(f"{PREDICT} lines.txt")
    lines = [line.split("\t", 2) for line in outcome.out.splitlines()]
    assert [line[2] for line in lines] == [TEXT, "", "xqzt blorp", "the plot"]
    assert lines[1][:2] == ["-", "-"]
    assert outcome.err.splitlines()[:-1] == [
        "lines.txt, line 2: no words in it, so no class",
        "lines.txt, line 3: none of its words is in the vocabulary",
    ]
    nothing = rnnbench(PREDICT, debug=False)
    assert nothing.status == 2
    assert "there is no text" in nothing.err


def test_colours_change_no_text(rnnbench, run, tmp_path):
    (tmp_path / "lines.txt").write_text(f"{TEXT}\n\nthe plot\n")
    plain = rnnbench(f"{PREDICT} lines.txt")
    shown = rnnbench(f"{PREDICT} lines.txt --color --html page.html")
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown.out) == plain.out
    assert len(re.findall(r"\x1b\[30;48;2;", shown.out)) == 14 + 2
    page = (tmp_path / "page.html").read_text()
    assert "color-scheme: light dark" in page
    assert "&lt;" in page
    assert "<slow>" not in page
    assert "http" not in page, "needs nothing else"
    assert rnnbench(f"{PREDICT} lines.txt --html nowhere/page.html", debug=False).status == 2


def test_json_has_the_coloured_pieces(rnnbench, run, tmp_path):
    (tmp_path / "lines.txt").write_text(f"{TEXT}\n\n")
    lines = rnnbench(f"{PREDICT} lines.txt --format json --color").out.splitlines()
    pieces, nothing = (json.loads(line)["pieces"] for line in lines)
    assert "".join(piece["text"] for piece in pieces) == TEXT
    assert {"text", "label", "strength", "hue"} == pieces[0].keys()
    assert nothing == []
    plain = rnnbench(f"{PREDICT} lines.txt --format json").out.splitlines()
    assert [json.loads(one) | {"pieces": []} for one in plain] == [json.loads(one) | {"pieces": []} for one in lines]


def test_colours_are_the_probabilities_of_the_beginnings(run):
    model = RecurrentClassifier.load_from_checkpoint(run / "checkpoints/best.ckpt", weights_only=True)
    pieces = in_pieces(model, "the plot is dull")
    assert "".join(piece.text for piece in pieces) == "the plot is dull"
    tokens = [piece for piece in pieces if piece.label]
    for text, piece in zip(["the", "the plot", "the plot is", "the plot is dull"], tokens, strict=True):
        probabilities = model.probabilities([model.encode(text)])[0]
        best = int(probabilities.argmax())
        assert (piece.hue, piece.label) == (best, f"{model.labels.names[best]} {float(probabilities[best]):.2f}")
        even = 1 / len(probabilities)
        assert piece.strength == pytest.approx((float(probabilities[best]) - even) / (1 - even), rel=1e-4, abs=1e-6)


def test_a_very_long_text(rnnbench, run, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_STEPS", 10)
    monkeypatch.setattr("rnnbench.tasks.sentiment.predict.MOST_STEPS", 10)
    (tmp_path / "lines.txt").write_text("dull " * 100_000 + "\n")
    outcome = rnnbench(f"{PREDICT} lines.txt --color")
    assert outcome.err.splitlines()[0] == "lines.txt, line 1: only the first 10 of 100,000 tokens are coloured"
    assert outcome.out.count("\x1b[30;48;2;") == 10
    assert outcome.out.count("dull") == 100_000


def test_a_model_of_cut_texts_cuts(rnnbench, small, tmp_path):
    rnnbench(f"fit {small} --data.max_length 5 --trainer.max_epochs 1 --name a")
    (tmp_path / "lines.txt").write_text("a b c d e f\n")
    assert "cut after 5 of 6 tokens, as in training" in rnnbench(f"{PREDICT} lines.txt").err


@pytest.mark.parametrize("unit", ["english", "word", "char", "byte", "bpe"])
def test_spans_are_the_tokens(unit):
    encoder = TextEncoder.train(unit, [TEXT, "a b c"], lowercase=True, max_size=40 if unit == "bpe" else None)
    spans = encoder.spans(TEXT)
    assert len(spans) == len(encoder.encode(TEXT))
    assert all(start <= end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    if unit in ("english", "word"):
        plain = TEXT[:-3]
        assert [plain[start:end].lower() for start, end in encoder.spans(plain)] == encoder.split(plain)
