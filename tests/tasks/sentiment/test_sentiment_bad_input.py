"""Bad input: one message of at most three lines that names the place."""

import json

import pytest


def check(outcome, *expected):
    assert outcome.status == 2, outcome.err
    assert outcome.err.startswith("error: ")
    assert len(outcome.err.splitlines()) <= 3
    for part in expected:
        assert part in outcome.err, outcome.err


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def spoil(path, number, **changes):
    content = rows(path)
    content[number] |= changes
    write(path, content)


def fit(rnnbench, small, options="", debug=False):
    return rnnbench(f"fit {small} --trainer.max_epochs 1 --name a {options}", debug)


def test_a_label_never_seen_in_training(rnnbench, small, corpus):
    spoil(corpus / "validation.jsonl", 4, label="positiv")
    says = ("validation.jsonl, line 5", "the label 'positiv' does not occur in training", "did you mean: positive")
    check(fit(rnnbench, small), *says)
    assert not (corpus.parent / "runs/sentiment/a").exists(), "the name is free again"


def test_a_label_never_seen_in_training_at_test_time(rnnbench, small, corpus):
    (corpus / "test.jsonl").unlink()
    (corpus / "test.tsv").write_text("text\tlabel\ngood\tpositive\n\nbad\tbad\n")
    assert fit(rnnbench, small, debug=True).status == 0
    check(rnnbench("test --run runs/sentiment/a", debug=False), "test.tsv, line 4", "'bad' does not occur in training")


def test_a_single_file_is_cut_and_places_are_its_lines(rnnbench, small, corpus):
    spoil(corpus / "train.jsonl", 56, label="new")
    source = f"--data.source.path {corpus / 'train.jsonl'} --data.source.fractions [0.9,0.05,0.05]"
    check(fit(rnnbench, small, source), "train.jsonl, line 57", "'new' does not occur in training")


def test_a_class_missing_from_a_split_is_named(rnnbench, small, corpus):
    write(corpus / "validation.jsonl", [row for row in rows(corpus / "validation.jsonl") if row["label"] == "positive"])
    outcome = fit(rnnbench, small, debug=True)
    assert outcome.status == 0
    assert "validation: no text has the class negative" in outcome.out


def test_one_class(rnnbench, small, corpus):
    for path in corpus.glob("*.jsonl"):
        write(path, [row | {"label": "positive"} for row in rows(path)])
    check(fit(rnnbench, small), "reviews", "all texts of train have one label, 'positive'")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"label": None}, ["train.jsonl, line 3", "None is no label"]),
        ({"label": ""}, ["train.jsonl, line 3", "'' is no label"]),
        ({"label": True}, ["train.jsonl, line 3", "True is no label"]),
    ],
)
def test_labels_that_are_none(rnnbench, small, corpus, changes, expected):
    spoil(corpus / "train.jsonl", 2, **changes)
    check(fit(rnnbench, small), *expected)


def test_no_labels(rnnbench, small, corpus):
    write(corpus / "train.jsonl", [{"text": "a", "stars": 3}])
    check(fit(rnnbench, small), "train.jsonl, line 1", "no column 'label'", "stars, text")
    for split in ("train", "validation", "test"):
        (corpus / f"{split}.jsonl").unlink()
        (corpus / f"{split}.txt").write_text("text only\n")
    check(fit(rnnbench, small), "train.txt", "no column 'label'")


def test_classes(rnnbench, small, corpus):
    outcome = fit(rnnbench, small, "--data.classes '{positive: good, negatve: bad}'")
    check(outcome, "reviews", "all texts of train have one label, 'good'")
    check(fit(rnnbench, small, "--data.classes '{p: good}'"), "data.classes", "its labels: negative, positive")
    spoil(corpus / "train.jsonl", 2, label="neutral")
    outcome = fit(rnnbench, small, "--data.classes '{positive: good, negative: bad}'", debug=True)
    assert outcome.status == 0
    assert "train: 1 samples dropped, label neutral is in no class: 2" in outcome.out
    assert "train\t2\tdropped" in (corpus.parent / "runs/sentiment/a/left_out.tsv").read_text()


def test_trees(rnnbench, small, corpus):
    check(
        fit(rnnbench, small, "--data.phrases true"), "train.jsonl, line 1", "no column 'tree'", "--data.phrases false"
    )
    trees = [row | {"tree": "(0 (2 a) (1 b))" if row["label"] == "negative" else "(1 (0 c) (1 d))"}
             for row in rows(corpus / "train.jsonl")]  # fmt: skip
    write(corpus / "train.jsonl", trees)
    check(fit(rnnbench, small, "--data.phrases true"), "line 1", "no sentence has the label 2 of a phrase")
    write(corpus / "train.jsonl", [row | {"tree": row["tree"].replace("2", "0")} for row in trees])
    assert fit(rnnbench, small, "--data.phrases true --trainer.log_every_n_steps 1", debug=True).status == 0
    spoil(corpus / "train.jsonl", 5, tree="(0 (0 a)")
    check(
        rnnbench(f"fit {small} --data.phrases true", debug=False),
        "train.jsonl, line 6",
        "line 1, column 1: a bracket is opened and not closed",
    )
    spoil(corpus / "train.jsonl", 5, tree="(1 (0 a) (1 b))", label="negative")
    check(rnnbench(f"fit {small} --data.phrases true", debug=False), "train.jsonl, line 6", "1 of the tree is negative")


def test_texts_without_words_and_long_ones(rnnbench, small, corpus):
    for split in ("train", "validation", "test"):
        spoil(corpus / f"{split}.jsonl", 1, text="")
        spoil(corpus / f"{split}.jsonl", 3, text="dull " * 300)
    assert fit(rnnbench, small, debug=True).status == 0
    check(rnnbench(f"fit {small} --data.max_tokens 200", debug=False), "300 tokens", "data.max_length")
    outcome = rnnbench(f"fit {small} --data.max_tokens 200 --data.max_length 100 --trainer.max_epochs 1")
    assert "train: 1 samples cut, longer than 100: 3" in outcome.out
    check(rnnbench(f"fit {small} --data.max_length 0", debug=False), "data.max_length", "at least 1")


def test_vectors(rnnbench, small, corpus, tmp_path):
    (tmp_path / "vectors.txt").write_text("plot 1 2 3\nDULL 0 0 0\n")
    vectors = "--data.vectors vectors.txt"
    check(fit(rnnbench, small, vectors), "embedding_size", "have 3 values, the embedding 6", "embedding_size 3")
    check(fit(rnnbench, small, "--model.embedding.frozen true"), "model.embedding.frozen", "--data.vectors")
    options = f"{vectors} --model.embedding.embedding_size 3 --model.embedding.frozen true"
    outcome = fit(rnnbench, small, options, debug=True)
    assert "vectors.txt: vectors for 1 of" in outcome.out
    from rnnbench.tasks.sentiment import RecurrentClassifier

    (tmp_path / "vectors.txt").unlink()
    model = RecurrentClassifier.load_from_checkpoint(
        tmp_path / "runs/sentiment/a/checkpoints/last.ckpt", weights_only=True
    )
    word = int(model.encode("plot"))
    assert model.embedding.table.weight[word].tolist() == [1, 2, 3]


def test_prediction_is_that_of_a_run(rnnbench, small):
    check(rnnbench(f"predict {small}", debug=False), "predictions are those of a run", "predict --run RUN lines.txt")
