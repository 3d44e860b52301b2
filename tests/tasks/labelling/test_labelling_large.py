"""Tagged sentences beyond memory: the same batches, metrics and weights, made of what lies in files."""

import json

import pytest
import torch
from test_labelling_runs import SMALL, weights

from rnnbench.data.sources import files
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError
from rnnbench.results.record import read_result
from rnnbench.tasks.labelling import TaggingData


@pytest.fixture
def rows(tmp_path):
    """Sentences in JSON lines with names, an empty one, a long one, and a word and a tag that training has not."""
    folder = tmp_path / "rows"
    folder.mkdir()
    names = [("Ann", "B-PER"), ("went", "O"), ("to", "O"), ("Oslo", "B-LOC"), ("Bay", "I-LOC")]
    for split, size in (("train", 23), ("validation", 7), ("test", 8)):
        made = []
        for number in range(size):
            some = [names[(number * 3 + k) % 4] for k in range(1 + number % 5)]
            some += [names[4]] if some[-1][0] == "Oslo" else []
            made.append({"tokens": [word for word, _ in some], "ner": [tag for _, tag in some]})
        if split == "train":
            made[4] = {"tokens": [], "ner": []}
            made[9] = {"tokens": ["went"] * 9, "ner": ["O"] * 9}
        else:
            made[2] = {"tokens": ["Acme", "went"], "ner": ["B-ORG", "O"]}
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    return folder


@pytest.mark.parametrize("too_long", ["cut", pytest.param("drop", marks=pytest.mark.slow)])
def test_large_data_are_trained_and_tested_as_small_ones(rnnbench, rows, tmp_path, too_long, monkeypatch):
    found = []
    for name in ("small", "large", "found"):
        if name == "large":
            monkeypatch.setattr(files, "LARGE_RECORDS", 0)
        if name == "found":
            monkeypatch.setattr("rnnbench.tasks.labelling.sentences._sentence", None)
            monkeypatch.setattr("rnnbench.data.fingerprint.fingerprint", None)
            monkeypatch.setattr("rnnbench.data.text.tokens.TokenEncoder.train", None)
        settings = f"--data.tags_column ner --data.max_length 6 --data.too_long {too_long} --trainer.max_epochs 2"
        assert rnnbench(f"fit {SMALL} {rows} {settings} --name {name}")[0] == 0
        assert rnnbench(f"test --run runs/labelling/{name}")[0] == 0
        run = tmp_path / "runs/labelling" / name
        result = read_result(run / "result.json")
        lists = [(run / one).read_text() for one in ("left_out.tsv", "examples.json")]
        found.append((weights(run / "checkpoints/last.ckpt"), (result.metrics, result.data, lists)))
    (first, rest), *others = found
    for other, same in others:
        assert same == rest
        assert all(torch.equal(first[key], other[key]) for key in first)


def test_what_is_new_is_marked_in_large_data_as_in_small_ones(rows, monkeypatch):
    marks = []
    for size in (2**24, 0):
        monkeypatch.setattr(files, "LARGE_RECORDS", size)
        data = TaggingData(Files(str(rows)), "tags", tags_column="ner")
        data.setup("fit")
        marks.append([data.splits[split]([2, 0], 0).novel for split in ("train", "validation")])
    assert torch.equal(marks[0][1], marks[1][1])
    assert marks[0][1].tolist() == [[True, False], [False, False]], "only Acme is new"
    assert not any(of_train.any() for of_train, _ in marks)


def test_a_row_is_wrong_in_large_data_as_in_small_ones(rows, monkeypatch):
    path = rows / "validation.jsonl"
    lines = path.read_text().splitlines()
    lines[5] = json.dumps({"tokens": ["Ann", "went"], "ner": ["B-PER"]})
    path.write_text("".join(line + "\n" for line in lines))
    said = []
    for size in (2**24, 0):
        monkeypatch.setattr(files, "LARGE_RECORDS", size)
        with pytest.raises(UserError) as caught:
            TaggingData(Files(str(rows)), "entities", tags_column="ner").setup("fit")
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "validation.jsonl, line 6" in said[0]
