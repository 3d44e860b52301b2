"""Whole runs through the command line: train, test, predict, ensembles, bad input."""

import pytest
import torch

from rnnbench.cli import main
from rnnbench.examples import read_examples
from rnnbench.results.items import read_items
from rnnbench.results.record import read_result
from rnnbench.results.statistics.corpus import bleu

SMALL = (
    "--config translation/generated_attention --model.backbone.hidden_size 24 --model.embedding.embedding_size 12"
    " --model.backbone.engine reference --data.batch_size 16 --trainer.log_every_n_steps 1"
    " --data.source Files --data.source.path"
)


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """A run that has learned a little."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(f"fit {SMALL} {corpus} --trainer.max_epochs 6 --name a --debug".split()) == 0
    return folder / "runs/translation/a"


@pytest.mark.slow
def test_fit_test_predict(rnnbench, trained, tmp_path):
    assert rnnbench(f"test --run {trained}")[0] == 0
    result = read_result(trained / "result.json")
    assert (result.status, result.application, result.cell, result.model) == (
        "finished", "translation", "GRU", "BiGRU 1x24, LuongDecoder 1x24"
    )  # fmt: skip
    assert result.training.flops > result.training.tokens
    test = result.metrics["test"]
    assert test["bleu"].value > 10
    assert "beam:5" in test["bleu"].signature
    examples = read_examples(trained / "examples.json")
    assert [[line.name for line in example] for example in examples] == [["source", "reference", "translation"]] * 6
    for source, reference, _ in examples:
        assert reference.pieces[0].text == " ".join(source.pieces[0].text.split()[::-1]).upper()
    assert "beam:1" in result.metrics["validation"]["bleu"].signature
    assert 1 < test["perplexity"].value < 5
    items = read_items(trained / "items.npz")
    assert items.metric == "bleu"
    assert bleu(items.sums.sum(axis=0)) == pytest.approx(test["bleu"].value, rel=1e-12)

    (tmp_path / "de.txt").write_text("ein zwei\n\nvier ein drei\n")
    status, out, err = rnnbench(f"predict --run {trained} de.txt")
    lines = out.split("\n")
    assert (status, len(lines), lines[1], lines[3]) == (0, 4, "", "")
    assert err.startswith("3 lines in ")
    assert "lines/s" in err

    drawn = [rnnbench(f"predict --run {trained} de.txt --sample 1.5 --seed {seed}")[1] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0].splitlines()) == 3

    status, out, _ = rnnbench(f"predict --run {trained} de.txt --nbest 3 --beam-size 4 --length-penalty 1")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "1", "2", "3", "3", "3"]
    scores = [float(row[1]) for row in rows]
    assert scores[0] >= scores[1] >= scores[2]
    assert rows[3][2] == ""

    assert rnnbench(f"predict --run {trained} de.txt --alignments out.png")[0] == 0
    for picture in (tmp_path / "out.png", trained / "alignments.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_unknown_and_very_long_text(rnnbench, trained, tmp_path):
    (tmp_path / "odd.txt").write_text("日本 ein ∑\n" + "ein zwei " * 5000 + "\n")
    status, out, err = rnnbench(f"predict --run {trained} odd.txt --max-length 30 --beam-size 2 --replace-unknown")
    assert status == 0
    assert len(out.splitlines()) == 2
    assert all(len(line.split()) <= 30 for line in out.splitlines())
    assert err.startswith("not in the vocabulary, read as <unk> (2): '日本', '∑'\n")


@pytest.mark.slow
def test_several_runs_translate_together(rnnbench, trained, corpus, tmp_path, monkeypatch):
    assert rnnbench(f"fit {SMALL} {corpus} --trainer.max_epochs 1 --seed_everything 2 --name b")[0] == 0
    (tmp_path / "de.txt").write_text("ein zwei\nvier ein drei\n")
    alone = rnnbench(f"predict --run {trained} de.txt")[1]
    assert rnnbench(f"predict --run {trained} --run {trained} de.txt")[1] == alone
    status, out, _ = rnnbench(f"predict --run {trained} --run runs/translation/b de.txt")
    assert (status, len(out.splitlines())) == (0, 2)
    best, last = (trained / f"checkpoints/{name}.ckpt" for name in ("best", "last"))
    mean = rnnbench(f"predict --run {trained} --checkpoint {best} --checkpoint {last} de.txt --nbest 1")[1]
    whole = torch.load(best, weights_only=True)
    other = weights(last)
    whole["state_dict"] = {name: (value + other[name]) / 2 for name, value in whole["state_dict"].items()}
    torch.save(whole, tmp_path / "mean.ckpt")
    assert rnnbench(f"predict --run {trained} --checkpoint mean.ckpt de.txt --nbest 1")[1] == mean
    assert rnnbench(f"predict --run {trained} --checkpoint {best} de.txt --nbest 1")[1] != mean
    status, _, err = rnnbench(
        f"predict --run {trained} --run runs/translation/b --checkpoint x.ckpt de.txt", debug=False
    )
    assert status == 2
    assert "several runs have a best checkpoint each" in err
    monkeypatch.delattr("rnnbench.tasks.translation.predict.combine")
    status, _, err = rnnbench(f"predict --run {trained} --run runs/translation/b de.txt", debug=False)
    assert status == 2
    assert "models of this application do not answer together" in err


def test_bad_options_of_predict(rnnbench, trained, corpus, tmp_path):
    (tmp_path / "de.txt").write_text("ein zwei\n")
    for option, message in (
        ("--sample 1 --nbest 2", "a search for the best translation alone"),
        ("--sample -1", "must be 0 or more, and not between 0 and 1e-30, found -1.0"),
        ("--beam-size 0", "must be at least 1, found 0"),
        ("--nbest 0", "in 1..5, the size of the beam, found 0"),
        ("--nbest 4 --beam-size 3", "in 1..3, the size of the beam, found 4"),
        ("--max-length 0", "must be at least 1, found 0"),
    ):
        status, _, err = rnnbench(f"predict --run {trained} de.txt {option}", debug=False)
        assert status == 2
        assert message in err
    plain = f"fit {SMALL} {corpus} --model.decoder SequenceDecoder --trainer.max_epochs 1 --name plain"
    assert rnnbench(plain)[0] == 0
    for option in ("--alignments out.png", "--replace-unknown", "--coverage-penalty 0.2"):
        status, _, err = rnnbench(f"predict --run runs/translation/plain de.txt {option}", debug=False)
        assert status == 2
        assert "this model attends to nothing" in err


@pytest.mark.parametrize("decoder", ["BahdanauDecoder", pytest.param("GNMTDecoder", marks=pytest.mark.slow)])
def test_decoders_and_cells_change_by_one_option(rnnbench, corpus, tmp_path, decoder):
    options = f"{SMALL} {corpus} --config smoke --model.backbone.cell LSTM --model.decoder {decoder} --name {decoder}"
    assert rnnbench(f"fit {options}")[0] == 0
    result = read_result(tmp_path / f"runs/translation/{decoder}/result.json")
    assert result.model == f"BiLSTM 1x24, {decoder} 1x24"
