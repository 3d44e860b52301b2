"""A training that begins from the weights of a run, as a user types it."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from rnnbench.results.record import read_result

RUNS = Path("runs")


@pytest.fixture
def words(small):
    """Options of a small language model over words."""
    return f"{small} --data.level word --data.sequence_length 20 --trainer.max_epochs 1"


@pytest.fixture
def reviews(tmp_path):
    """A few labelled texts of the corpus's words and of two more."""
    folder = tmp_path / "reviews"
    folder.mkdir()
    texts = [("the cat sat", "calm"), ("a dog ran", "wild"), ("fine mat", "calm"), ("red dog ran to it", "wild")]
    for split in ("train", "validation", "test"):
        rows = [json.dumps({"text": text, "label": label}) for text, label in texts]
        (folder / f"{split}.jsonl").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def classify(reviews):
    """Options of a small classifier of the language model's sizes."""
    return (
        f"fit --config sentiment/builtin --data.source Files --data.source.path {reviews} --data.unit word"
        " --data.batch_size 2 --model.backbone.hidden_size 8 --model.embedding.embedding_size 4"
        " --model.backbone.bidirectional false --model.pooling mean --model.dropout 0.1"
    )


def weights(run, which="last"):
    return torch.load(run / f"checkpoints/{which}.ckpt", weights_only=True)["state_dict"]


def test_a_classifier_begins_from_a_language_model(rnnbench, words, classify):
    assert rnnbench(f"fit {words} --name lm", debug=True).status == 0
    told = rnnbench(
        f"{classify} --from runs/text_generation/lm --trainer.max_epochs 1 --fine_tuning.freeze taken --name tuned",
        debug=True,
    )
    assert told.status == 0
    assert "vocabulary: the run knows 10 of 11 words, and 6 more" in told.out
    lines = ["begins from runs/text_generation/lm, text_generation: LSTM 1x8 on corpus", "  backbone: whole"]
    assert all(line in told.out for line in [*lines, "  output: new"])
    tuned, lm = RUNS / "sentiment/tuned", RUNS / "text_generation/lm"
    for name, value in weights(lm, "best").items():
        if name.startswith("backbone"):  # frozen all the time
            assert torch.equal(value, weights(tuned)[name])
    result = read_result(tuned / "result.json")
    assert result.model == "LSTM 1x8, mean, fine-tuned from corpus"
    assert result.start.run == "runs/text_generation/lm"
    assert result.start.about == result.protocol.start
    assert result.start.about.startswith("text_generation: LSTM 1x8 on corpus (")
    assert result.start.taken["output.weight"] == "new"
    # A word of the run is known that stands in no text of the training.
    assert "house" in torch.load(tuned / "checkpoints/last.ckpt", weights_only=True)["spec"]["encoder"]["tokens"]


def test_it_is_not_ranked_with_a_run_from_scratch(rnnbench, classify):
    one = f"{classify} --trainer.max_epochs 1"
    assert rnnbench(f"{one} --name scratch", debug=True).status == 0
    assert rnnbench(f"{one} --name tuned --from runs/sentiment/scratch", debug=True).status == 0
    compared = rnnbench("compare runs --format json", debug=True)
    tables = json.loads(compared.out)["tables"]
    assert [[row["model"] for row in table["rows"]] for table in tables] == [
        ["LSTM 1x8, mean"],
        ["LSTM 1x8, mean, fine-tuned from reviews"],
    ]
    across = json.loads(rnnbench("compare runs --format json --across start", debug=True).out)["tables"]
    assert len(across) == 1
    assert len(across[0]["rows"]) == 2


def test_without_a_configuration_that_of_the_run_is_taken(rnnbench, classify, reviews, tmp_path):
    assert rnnbench(f"{classify} --trainer.max_epochs 1 --name films", debug=True).status == 0
    other = tmp_path / "other"
    shutil.copytree(reviews, other)
    for path in other.iterdir():
        path.write_text(path.read_text().replace("calm", "slow").replace("cat", "horse"))
    told = rnnbench(f"fit --from runs/sentiment/films --data.source.path {other}", debug=True)
    assert told.status == 0
    assert "embedding: 15 of 16 words" in told.out
    result = read_result(RUNS / "sentiment/films-1/result.json")
    assert result.data.dataset == "other"
    assert result.start.taken["output.weight"] == "1 of 2 classes"
    again = rnnbench("fit --from runs/sentiment/films-1", debug=True)
    assert "other" in again.out
    assert ", from sentiment: LSTM" in read_result(RUNS / "sentiment/films-1-1/result.json").start.about


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted(rnnbench, classify, killed_after, same_weights):
    assert rnnbench(f"{classify} --trainer.max_epochs 1 --name start", debug=True).status == 0
    one = (
        f"{classify} --from runs/sentiment/start --trainer.max_epochs 3 --fine_tuning.freeze gradual"
        " --fine_tuning.rate_decay 2.6 --checkpoint.every_n_steps 1"
    )
    assert rnnbench(f"{one} --name whole", debug=True).status == 0
    with killed_after(3):
        rnnbench(f"{one} --name killed", debug=True)
    shutil.rmtree(RUNS / "sentiment/start")  # it is not needed any more
    assert rnnbench("fit --resume runs/sentiment/killed", debug=True).status == 0
    assert same_weights(RUNS / "sentiment/whole", RUNS / "sentiment/killed")
    results = [read_result(RUNS / f"sentiment/{name}/result.json") for name in ("whole", "killed")]
    assert results[0].start == results[1].start
    assert results[0].start is not None


@pytest.mark.parametrize(
    ("options", "problem", "hint"),
    [
        ("--from runs/text_generation/nothing", "there is no such run folder", "runs lie in runs/"),
        ("--fine_tuning.freeze gradual", "there is nothing to freeze or to slow down", "--from RUN"),
        ("--fine_tuning.rate_decay 2.6", "there is nothing to freeze or to slow down", "--from RUN"),
        (
            "--from runs/text_generation/lm --model.backbone.cell GRU",
            "the run's cells are LSTM, this model's GRU",
            "LSTM",
        ),
        (
            "--from runs/text_generation/lm --data.unit char",
            "the run reads words, this model reads characters",
            "--data.u",
        ),
        ("--from runs/text_generation/lm --fine_tuning.rate_decay 0.5", "must be at least 1, found 0.5", ""),
        (
            "--from runs/text_generation/lm --data.source.path strange",
            "knows none of the 2 words of strange",
            "language",
        ),
        ("--from runs/text_generation/counted", "NGramLanguageModel is counted, and not trained", ""),
    ],
)
def test_bad_input(rnnbench, words, classify, tmp_path, options, problem, hint):
    strange = tmp_path / "strange"
    strange.mkdir()
    for split in ("train", "validation", "test"):
        (strange / f"{split}.jsonl").write_text('{"text": "\u72d7", "label": "a"}\n{"text": "\u732b", "label": "b"}\n')
    if "/lm" in options:
        rnnbench(f"fit {words} --name lm --trainer.max_steps 1 --trainer.limit_val_batches 1", debug=True)
    if "/counted" in options:
        corpus = words.partition("--data.source.path ")[2].split()[0]
        counted = f"fit --config text_generation/char_unigram --data.source Files --data.source.path {corpus}"
        assert rnnbench(f"{counted} --data.level word --name counted", debug=True).status == 0
    told = rnnbench(f"{classify} {options} --trainer.max_epochs 1")
    assert told.status == 2
    assert problem in told.err
    assert hint in told.err
    assert len(told.err.strip().splitlines()) <= 3
    assert not (RUNS / "sentiment").exists() or not list((RUNS / "sentiment").iterdir())
