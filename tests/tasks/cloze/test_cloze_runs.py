"""Whole runs: what each side knows, data, predict, bad input."""

import itertools
import json
from pathlib import Path

import pytest

from rnnbench.cli.presets import preset_names
from rnnbench.data import Files
from rnnbench.errors import UserError
from rnnbench.tasks.cloze import ClozeData
from rnnbench.tasks.cloze.blanks import find_blanks

PRESETS = [name for name in preset_names() if name.startswith("cloze/builtin")]
SMALL = (
    "--data.source Files --data.source.path pairs --data.unit word"
    " --model.backbone.hidden_size 12 --model.embedding.embedding_size 8 --model.size 12"
)


def metrics(name):
    found = json.loads(Path(f"runs/cloze/{name}/result.json").read_text())["metrics"]["test"]
    return {key: value["value"] for key, value in found.items()}


@pytest.fixture
def pairs():
    """Lines whose middle names both ends, of which either side of it has one."""
    Path("pairs").mkdir()
    lines = [f"{a} {a}{b} {b}" for a, b in itertools.product("pq", repeat=2)]
    for split, times in (("train", 60), ("validation", 2), ("test", 2)):
        Path(f"pairs/{split}.txt").write_text("\n".join(lines * times) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke --data.max_tokens 512 --name smoke")
    assert Path("runs/cloze/smoke/result.json").is_file()


def test_both_sides_know_what_neither_does(pairs, rnnbench):
    for sides in ("both", "left"):
        options = f"{SMALL} --model.sides {sides} --model.optimizer.lr 0.03 --trainer.max_epochs 12"
        rnnbench(f"fit --config cloze/builtin {options} --data.max_tokens 128 --name {sides}")
        rnnbench(f"test --run runs/cloze/{sides}")
    rnnbench(f"fit --config cloze/builtin_unigram {SMALL.partition(' --model')[0]} --name unigram")
    rnnbench("test --run runs/cloze/unigram")
    # The middle follows from both ends, and an end from the middle; of two equally likely tokens one is right at best.
    assert metrics("both")["accuracy"] == 1.0
    assert metrics("both")["perplexity"] < 1.2
    assert metrics("left")["accuracy"] <= 2 / 3
    assert metrics("both")["perplexity"] < metrics("left")["perplexity"] < metrics("unigram")["perplexity"]
    # Two thirds of the tokens are p or q, as often; the others four words, as often.
    assert metrics("unigram")["perplexity"] == pytest.approx(3 ** (2 / 3) * 12 ** (1 / 3), rel=0.02)
    Path("lines.txt").write_text("p ___ q\nq ___ q\n___ pp p\np pp p\n")
    lines = rnnbench("predict --run runs/cloze/both lines.txt --candidates 2").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["p pq q", "q qq q", "p pp p", "p pp p"]
    assert lines[0].split("\t")[1].startswith("pq 0.9")
    assert len(lines[0].split("\t")[1].split()) == 4
    found = [
        json.loads(line) for line in rnnbench("predict --run runs/cloze/both lines.txt --format json").out.splitlines()
    ]
    assert found[0]["blanks"][0]["pq"] > 0.9
    assert sum(found[0]["blanks"][0].values()) == pytest.approx(1)
    assert found[3] == {"text": "p pp p", "filled": "p pp p", "blanks": []}
    Path("alone.txt").write_text("p ___ q\n ___ \n")
    failed = rnnbench("predict --run runs/cloze/both alone.txt", debug=False)
    assert (failed.status, "alone.txt, line 2" in failed.err) == (2, True)
    assert "a blank with nothing around it" in failed.err
    failed = rnnbench("predict --run runs/cloze/both lines.txt --candidates 0", debug=False)
    assert (failed.status, "must be at least 1, found 0" in failed.err) == (2, True)


@pytest.mark.slow
def test_a_language_model_is_taken_further(pairs, rnnbench):
    source = "--data.source Files --data.source.path pairs"
    sizes = "--model.backbone.hidden_size 12 --trainer.max_epochs 1"
    options = f"{source} --data.level word --model.embedding_size 8 {sizes} --data.batch_size 2"
    rnnbench(f"fit --config text_generation/char_lstm {options} --name words")
    out = rnnbench(f"fit --config cloze/builtin {SMALL} --from runs/text_generation/words --name a").out
    for line in ("embedding: 8 of 10 words", "backbone: whole", "backward_stack: new"):
        assert line in out


def read(**options):
    data = ClozeData(Files("pairs"), **options)
    data.prepare_data()
    data.setup("fit")
    return data


def test_texts_are_lines_or_documents_and_long_ones_are_cut(pairs):
    lines = read()
    assert lines.splits["train"].lengths.tolist() == [3] * 240
    whole = read(context="document", max_length=500)
    assert whole.splits["train"].lengths.tolist() == [500, 220]
    assert lines.fingerprint != whole.fingerprint != read(context="document").fingerprint
    content = Path("pairs/train.txt").read_text()
    Path("pairs/train.txt").write_text(content.replace("\n", "\r\n"), newline="")
    assert read(unit="char").splits["train"].lengths.max() == len("p pq q"), "a line ends before its carriage return"
    batch = lines.splits["train"]([0, 1], 0)
    assert batch.x.shape == (2, 5)
    assert batch.x[:, 0].tolist() == [2, 2]
    assert batch.x[:, -1].tolist() == [3, 3]
    assert batch.tokens == len(batch.y) == 6
    Path("pairs/train.txt").write_text("\n  \n")
    with pytest.raises(UserError, match="there is no token in train"):
        read()


def test_blanks_of_a_line():
    from rnnbench.data.text.encoder import TextEncoder

    words = TextEncoder.train("word", ["I am very hungry"])
    one = find_blanks("I ___ very ___", words)
    assert (len(one.ids), one.places) == (4, [1, 3])
    assert one.filled(["am", "hungry"]) == "I am very hungry"
    characters = TextEncoder.train("char", ["春眠不觉晓"])
    one = find_blanks("春___不觉___", characters)
    assert (len(one.ids), one.places) == (5, [1, 4])
    assert one.filled(["眠", "晓"]) == "春眠不觉晓"
    assert find_blanks("", words).places == []
