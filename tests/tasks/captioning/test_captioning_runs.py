"""Whole runs through the command line: train, test, predict, resume."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from two_sides import encoded, small, write_corpus

from rnnbench.cli import main
from rnnbench.examples import read_examples
from rnnbench.results.items import read_items
from rnnbench.results.record import read_result
from rnnbench.results.statistics.corpus import bleu


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus") / "sides")


@pytest.fixture(scope="module")
def trained(corpus, tmp_path_factory):
    """A run that has learned a little."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = "--trainer.max_epochs 12 --model.optimizer.lr 0.02 --name a --debug"
        assert main(f"fit {small(corpus)} {options}".split()) == 0
    return folder / "runs/captioning/a"


@pytest.mark.slow
def test_fit_test_predict(rnnbench, trained, corpus, tmp_path):
    assert rnnbench(f"test --run {trained}")[0] == 0
    result = read_result(trained / "result.json")
    assert (result.status, result.application, result.cell) == ("finished", "captioning", "LSTM")
    assert result.model == "SoftAttentionDecoder, LSTM 1x12"
    test = result.metrics["test"]
    assert test["bleu_4"].value > 20
    assert "tok:none" in test["bleu_4"].signature
    assert test["cider"].signature == "cider|images:9|nrefs:3"
    assert "images:7" in result.metrics["validation"]["bleu_1"].signature
    assert 1 < test["perplexity"].value < 10
    items = read_items(trained / "items.npz")
    assert items.metric == "bleu_4"
    assert bleu(items.sums.sum(axis=0)) == pytest.approx(test["bleu_4"].value, rel=1e-9)
    examples = read_examples(trained / "examples.json")
    assert [[line.name for line in example] for example in examples] == [["reference", "caption"]] * 6
    assert "train/images_per_second" in (trained / "metrics.csv").read_text()
    for name in ("attention.png", "captions.png"):
        assert (trained / name).read_bytes().startswith(b"\x89PNG")

    images = corpus / "images"
    status, out, _ = rnnbench(f"predict --run {trained} {images}/0.png")
    assert (status, len(out.splitlines())) == (0, 1)
    assert "\t" not in out
    status, every, _ = rnnbench(f"predict --run {trained} {images}")
    assert (status, len(every.splitlines())) == (0, 40)
    assert f"{images}/0.png\t{out}" in every
    status, out, _ = rnnbench(f"predict --run {trained} {images}/0.png {images}/1.png --format json --nbest 3")
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["image"] for one in found] == [f"{images}/0.png", f"{images}/1.png"]
    scores = [caption["score"] for caption in found[0]["captions"]]
    assert scores == sorted(scores, reverse=True)
    status, out, _ = rnnbench(f"predict --run {trained} {images}/0.png --nbest 2 --beam-size 4 --length-penalty 1")
    assert [len(line.split("\t")) for line in out.splitlines()] == [2, 2]
    assert rnnbench(f"predict --run {trained} {images}/0.png {images}/3.png --attention out.png")[0] == 0
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size[0] > picture.size[1] // 4


def test_bad_input_of_predict(rnnbench, trained, corpus, tmp_path):
    whole = (corpus / "images/3.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bomb.png").write_bytes(encoded(Image.new("1", (20_000, 20_000))))
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "empty").mkdir()
    good = corpus / "images/0.png"
    for words, message in (
        ("cut.png", "cut.png"),
        ("bomb.png", "more than 89,478,485 pixels"),
        ("text.png", "no image that can be read"),
        ("none.png", "there is no such file"),
        ("empty", "there is no image in it"),
        ("", "there is no image"),
        (f"{good} --beam-size 0", "must be at least 1, found 0"),
        (f"{good} --nbest 0", "in 1..3, the size of the beam, found 0"),
        (f"{good} --max-length 0", "must be at least 1, found 0"),
        (f"{good} --attention out.xyz", "a picture cannot be written as .xyz"),
    ):
        status, _, err = rnnbench(f"predict --run {trained} {words}", debug=False)
        assert status == 2, words
        assert message in err
    for number, image in enumerate(
        [Image.new("CMYK", (9, 9)), Image.fromarray(np.full((9, 9), 60000, dtype=np.uint16)), Image.new("RGB", (1, 1))]
    ):
        (tmp_path / f"{number}.tif").write_bytes(encoded(image, "TIFF"))
        assert rnnbench(f"predict --run {trained} {number}.tif")[0] == 0


@pytest.mark.parametrize("preset", ["builtin_frequent", "builtin_nearest"])
def test_baselines(rnnbench, corpus, preset, tmp_path):
    source = f"--data.image_size 16 --data.source Files --data.source.path {corpus} --data.folder {corpus}"
    assert rnnbench(f"fit --config captioning/{preset} {source} --name base")[0] == 0
    assert rnnbench("test --run runs/captioning/base")[0] == 0
    result = read_result(tmp_path / "runs/captioning/base/result.json")
    assert result.metrics["test"]["novel"].value == 0
    assert result.metrics["test"]["bleu_1"].value > 20
    status, out, _ = rnnbench(f"predict --run runs/captioning/base {corpus}/images/5.png")
    assert status == 0
    assert out.strip()
    if preset == "builtin_nearest":
        assert out == rnnbench(f"predict --run runs/captioning/base {corpus}/images/5.png")[1]
        lines = [json.loads(line) for line in (corpus / "train.jsonl").read_text().splitlines()]
        assert out.split() == lines[5]["captions"][0].lower().replace(" .", "").split()
    status, _, err = rnnbench(
        f"predict --run runs/captioning/base {corpus}/images/5.png --attention a.png", debug=False
    )
    assert status == 2
    assert "this model attends to nothing" in err


@pytest.mark.slow
def test_decoders_and_cells_change_by_one_option(rnnbench, corpus, tmp_path):
    for decoder, cell in (("HardAttentionDecoder", "GRU"), ("ImageFirstDecoder", "Elman")):
        options = f"{small(corpus)} --config smoke --model.decoder {decoder} --model.backbone.cell {cell}"
        assert rnnbench(f"fit {options} --name {decoder}")[0] == 0
        assert rnnbench(f"test --run runs/captioning/{decoder}")[0] == 0
        result = read_result(tmp_path / f"runs/captioning/{decoder}/result.json")
        assert result.model == f"{decoder}, {cell} 1x12"
    assert not (tmp_path / "runs/captioning/ImageFirstDecoder/attention.png").exists()


@pytest.mark.slow
def test_parts_of_the_test_split_stand_apart(rnnbench, tmp_path):
    scenes = "--data.source GeneratedScenes --data.source.train 40 --data.source.held_out 12"
    options = "--model.backbone.hidden_size 12 --model.backbone.engine reference --trainer.max_epochs 1"
    assert rnnbench(f"fit --config captioning/builtin {scenes} {options} --name scenes")[0] == 0
    assert rnnbench("test --run runs/captioning/scenes")[0] == 0
    test = read_result(tmp_path / "runs/captioning/scenes/result.json").metrics["test"]
    for part in ("", "compositional_"):
        assert 0 <= test[f"{part}exact_semantics"].value <= 1
        assert 0.05 < test[f"{part}pointing_chance"].value < 0.5
        assert "images:12|nrefs:5" in test[f"{part}bleu_4"].signature
    assert "images:12" in test["perplexity"].signature
    assert len(read_items(tmp_path / "runs/captioning/scenes/items.npz").numbers) == 12


@pytest.mark.slow
def test_self_critical_training(rnnbench, corpus, tmp_path):
    options = f"{small(corpus)} --trainer.max_epochs 4 --model.self_critical_after 2 --model.optimizer.lr 0.01"
    assert rnnbench(f"fit {options} --name critic")[0] == 0
    assert read_result(tmp_path / "runs/captioning/critic/result.json").status == "finished"
    assert "train/cider" in (tmp_path / "runs/captioning/critic/metrics.csv").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [2, 5])
@pytest.mark.parametrize("decoder", ["SoftAttentionDecoder", "HardAttentionDecoder"])
def test_a_killed_run_ends_with_the_same_bits(rnnbench, corpus, tmp_path, killed_after, same_weights, stop_at, decoder):
    random = f"--model.decoder {decoder} --model.dropout 0.3 --data.augment '{{flip: true, crop: 0.8}}'"
    options = f"fit {small(corpus)} {random} --trainer.max_epochs 3 --checkpoint.every_n_steps 1"
    assert rnnbench(f"{options} --name whole")[0] == 0

    with killed_after(stop_at):
        rnnbench(f"{options} --name killed")
    assert rnnbench("fit --resume runs/captioning/killed")[0] == 0
    runs = tmp_path / "runs/captioning"
    assert same_weights(runs / "whole", runs / "killed")
    whole, resumed = (read_result(runs / f"{which}/result.json") for which in ("whole", "killed"))
    assert whole.metrics == resumed.metrics
