"""Whole runs through the command line: train, test, predict, baselines, bad input."""

import json

import pytest
import torch

from rnnbench.examples import read_examples
from rnnbench.results.record import read_result

SMALL = (
    "--config labelling/generated_bilstm_crf --model.backbone.hidden_size 6 --model.embedding.embedding_size 5"
    " --data.max_tokens 50 --trainer.log_every_n_steps 1 --data.source Files --data.source.path"
)


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def without_card(words):
    """Options for data of one's own in place of those of a preset, which checks its data against their card."""
    source = f"{{class_path: rnnbench.data.Files, init_args: {{path: {words}, card: null}}}}"
    (words / "own.yaml").write_text(f"data: {{init_args: {{source: {source}}}}}")
    return f"--config {words / 'own.yaml'}"


@pytest.mark.slow
def test_fit_test_predict(rnnbench, names, tmp_path):
    assert rnnbench(f"fit {SMALL} {names} --trainer.max_epochs 8 --name a")[0] == 0
    assert rnnbench("test --run runs/labelling/a")[0] == 0
    result = read_result(tmp_path / "runs/labelling/a/result.json")
    assert (result.status, result.application, result.cell, result.model) == (
        "finished", "labelling", "LSTM", "BiLSTM-CRF 1x6, CharacterRNN"
    )  # fmt: skip
    assert result.training.flops > result.training.tokens
    assert result.data.details["train_sentences"] == 101
    wanted = (names / "test.conll").read_text().count("B-")
    assert result.metrics["test"]["entity_f1"].signature == f"entity_f1|entities:{wanted}"
    assert result.metrics["validation"]["entity_f1"].value == 1, "the first letter tells"
    examples = read_examples(tmp_path / "runs/labelling/a/examples.json")
    assert [[line.name for line in example] for example in examples] == [["wanted", "found"]] * 8
    assert any("[" in example[0].pieces[0].text for example in examples)

    (tmp_path / "lines.txt").write_text("the0 Oslo1 anna2 Maria0\n\nthe1\n")
    status, out, err = rnnbench("predict --run runs/labelling/a lines.txt")
    assert (status, len(err.splitlines())) == (0, 1)
    assert "lines/s" in err
    assert out == "the0 [LOC Oslo1] anna2 [PER Maria0]\n\nthe1\n"
    status, out, err = rnnbench("predict --run runs/labelling/a lines.txt --format conll --probabilities")
    rows = [line.split("\t") for line in out.split("\n")]
    assert [row[:2] for row in rows[:5]] == [
        ["the0", "O"], ["Oslo1", "S-LOC"], ["anna2", "O"], ["Maria0", "S-PER"], [""]
    ]  # fmt: skip
    assert all(0 < float(row[2]) <= 1 for row in rows if len(row) == 3)
    assert out.endswith("\n\n\nthe1\tO\t" + rows[6][2] + "\n\n")


@pytest.mark.slow
def test_segmentation_and_its_baselines(rnnbench, words, tmp_path):
    small = "--model.backbone.hidden_size 6 --model.bigram_size 3 --data.max_tokens 300 --trainer.max_epochs 3"
    runs = {
        "segmentation_bilstm_crf": f"{small} --data.min_count 1 --model.optimizer.lr 0.02",
        "segmentation_matching": "",
        "segmentation_majority": "",
    }
    for preset, options in runs.items():
        source = without_card(words)
        assert rnnbench(f"fit --config labelling/{preset} {source} {options} --name {preset}")[0] == 0
        assert rnnbench(f"test --run runs/labelling/{preset}")[0] == 0
        result = read_result(tmp_path / f"runs/labelling/{preset}/result.json")
        assert result.baseline == (preset != "segmentation_bilstm_crf")
        assert result.metrics["test"]["segmentation_f1"].signature.endswith("|oov:0")
    # Every word of the test split is in the dictionary, and none is ambiguous.
    result = read_result(tmp_path / "runs/labelling/segmentation_matching/result.json")
    assert result.metrics["test"]["segmentation_f1"].value == 1
    (tmp_path / "lines.txt").write_text("我爱北京天安门。\n\n  \n他看 电影\n")
    status, out, _ = rnnbench("predict --run runs/labelling/segmentation_matching lines.txt")
    assert out == "我 爱 北京 天安门 。\n\n\n他 看 电影\n"
    status, out, err = rnnbench("predict --run runs/labelling/segmentation_bilstm_crf lines.txt")
    assert (status, len(err.splitlines())) == (0, 1)
    assert "lines/s" in err
    assert [line.replace(" ", "") for line in out.split("\n")] == ["我爱北京天安门。", "", "", "他看电影", ""]
    status, _, err = rnnbench(
        "predict --run runs/labelling/segmentation_matching lines.txt --probabilities", debug=False
    )
    assert status == 2
    assert "--format conll" in err


def test_a_baseline_that_goes_on_counts_nothing_twice(rnnbench, words, tmp_path):
    source = without_card(words)
    options = f"{source} --data.max_tokens 100 --checkpoint.every_n_steps 1"
    for preset in ("segmentation_matching", "segmentation_majority"):
        rnnbench(f"fit --config labelling/{preset} {options} --name {preset}")
        before = weights(tmp_path / f"runs/labelling/{preset}/checkpoints/last.ckpt")
        assert sum(value.sum() for value in before.values()) > 0
        assert rnnbench(f"fit --resume runs/labelling/{preset}")[0] == 0
        after = weights(tmp_path / f"runs/labelling/{preset}/checkpoints/last.ckpt")
        assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(
    ("split", "text", "expected"),
    [
        ("train", "a O\nb\n", ["train.conll", "line 2 has 1 columns instead of 2: 'b'"]),
        (
            "validation",
            "a O\n\nb NN\n",
            ["validation.conll", "record 2", "'NN' is no tag of an entity", "--data.task tags"],
        ),
        ("train", "a O\nb O\n", ["no sentence of train has an entity"]),
        ("test", "", ["test.conll", "the file is empty"]),
    ],
)
def test_bad_files(rnnbench, names, tmp_path, split, text, expected):
    (names / f"{split}.conll").write_text(text)
    status, _, err = rnnbench(f"fit {SMALL} {names} --name bad", debug=False)
    assert status == 2, err
    assert len(err.splitlines()) <= 3
    for part in expected:
        assert part in err
    assert not (tmp_path / "runs/labelling/bad").exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"tokens": ["a", "b"], "tags": ["O"]}', ["line 2", "2 tokens with 1 tags"]),
        ('{"tokens": ["a"]}', ["line 2", "no column 'tags'", "--data.columns '{tags: NAME}'"]),
        ('{"tokens": "a b", "tags": "O O"}', ["line 2", "tokens is no list of words: a b", ".conll has a token"]),
        ('{"text": "a b"}', ["line 2", "no column 'tokens'"]),
    ],
)
def test_bad_records(rnnbench, tmp_path, line, expected):
    good = '{"tokens": ["a", "b"], "tags": ["O", "B-X"]}\n'
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text(good + (line + "\n" if split == "train" else ""))
    status, _, err = rnnbench(f"fit {SMALL} {tmp_path}", debug=False)
    assert status == 2, err
    for part in expected:
        assert part in err


@pytest.mark.slow
def test_tags_that_are_not_in_every_split(rnnbench, names, tmp_path):
    """Named and counted: what training does not have is an error of every model, what another split lacks is not."""
    (names / "validation.conll").write_text("the0 O\nOslo1 B-EVENT\nParis1 B-LOC\n")
    status, out, _ = rnnbench(f"fit {SMALL} {names} --trainer.max_epochs 6 --name a")
    assert status == 0
    assert "validation: 1 of 3 tags never occur in training and count as errors: S-EVENT (1)\n" in out
    assert "validation: nothing is tagged PER\n" in out
    result = read_result(tmp_path / "runs/labelling/a/result.json")
    assert result.metrics["validation"]["entity_recall"].value == 0.5
    assert result.metrics["validation"]["entity_f1"].signature == "entity_f1|entities:2"
    assert result.data.details["unseen_tags"] == 1


@pytest.mark.slow
def test_empty_and_long_sentences(rnnbench, tmp_path):
    good = '{"tokens": ["an", "x"], "tags": ["O", "B-X"]}\n'
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text(good)
    long = json.dumps({"tokens": ["ab"] * 500, "tags": ["O"] * 500}) + "\n"
    (tmp_path / "train.jsonl").write_text(good + '{"tokens": [], "tags": []}\n' + long)
    status, _, err = rnnbench(f"fit {SMALL} {tmp_path} --name a", debug=False)
    assert status == 2
    assert "has 500 tokens, and a batch may have 50" in err
    assert "data.max_length" in err
    status, out, _ = rnnbench(f"fit {SMALL} {tmp_path} --data.max_length 40 --trainer.max_epochs 1 --name a")
    assert status == 0
    assert "no tokens in it" in out
    assert "longer than 40" in out
    assert (tmp_path / "runs/labelling/a/left_out.tsv").is_file()
    # What is too long for training is measured all the same.
    (tmp_path / "test.jsonl").write_text(long)
    assert rnnbench("test --run runs/labelling/a")[0] == 0


@pytest.mark.slow
def test_unknown_text_and_a_very_long_one(rnnbench, names, tmp_path):
    assert rnnbench(f"fit {SMALL} {names} --trainer.max_epochs 1 --name a")[0] == 0
    (tmp_path / "odd.txt").write_text("日本 ??? ∑\n" + "the0 Oslo1 " * 2500 + "\n")
    status, out, err = rnnbench("predict --run runs/labelling/a odd.txt --format conll")
    assert status == 0
    assert len(out.splitlines()) == 3 + 1 + 5000 + 1
    *told, rate = err.splitlines()
    assert told == [
        "odd.txt, line 1: none of it is in the vocabulary; the model reads text by the spaces between words",
        "not in the vocabulary, read as <unk> (3): '日本', '???', '∑'",
    ]
    assert rate.endswith("lines/s")
    (tmp_path / "empty.txt").write_text("")
    assert rnnbench("predict --run runs/labelling/a empty.txt", debug=False)[0] == 2


@pytest.mark.slow
def test_a_text_of_100000_tokens(rnnbench, words, tmp_path):
    source = without_card(words)
    options = f"{source} --model.backbone.hidden_size 6 --trainer.max_epochs 1"
    assert rnnbench(f"fit --config labelling/segmentation_bilstm_crf {options} --name a")[0] == 0
    (tmp_path / "long.txt").write_text("我爱北京天安门" * 14286 + "\n")
    status, out, _ = rnnbench("predict --run runs/labelling/a long.txt")
    assert status == 0
    assert len(out.replace(" ", "").strip()) == 7 * 14286


def test_pretrained_vectors(rnnbench, names, tmp_path):
    (tmp_path / "vectors.txt").write_text("the0 1 2 3\noslo1 4 5 6\n")
    options = f"{SMALL} {names} --data.vectors vectors.txt --trainer.max_epochs 1 --data.min_count 1"
    status, _, err = rnnbench(f"fit {options} --name a", debug=False)
    assert status == 2
    assert "--model.embedding.embedding_size 3" in err
    frozen = "--model.embedding.embedding_size 3 --model.embedding.frozen true"
    status, out, _ = rnnbench(f"fit {options} {frozen} --name b")
    assert status == 0
    assert "vectors for 2 of 18 tokens" in out
    table = weights(tmp_path / "runs/labelling/b/checkpoints/best.ckpt")["embedding.table.weight"]
    assert [1.0, 2.0, 3.0] in table.tolist()
    assert [4.0, 5.0, 6.0] in table.tolist()
