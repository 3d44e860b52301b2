"""Whole runs: presets, folders of images, predict and its pictures, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnnbench.cli.presets import preset_names
from rnnbench.data import Scenes, ScikitDigits

PRESETS = [name for name in preset_names() if name.startswith("glimpses/")]
SMALL = "--model.glimpses 2 --model.backbone.hidden_size 6 --model.glimpse.size 6 --trainer.max_epochs 1"
RAM = f"--config glimpses/builtin {SMALL} --data.source.held_out 1300"
LOGISTIC = "--config glimpses/builtin_logistic --trainer.max_epochs 1 --data.source.held_out 1300"


def metrics(name="a"):
    result = json.loads(Path(f"runs/glimpses/{name}/result.json").read_text())
    return {key: value["value"] for key, value in result["metrics"]["test"].items()}


def save(images, folder="images"):
    Path(folder).mkdir(exist_ok=True)
    for number, image in enumerate(images):
        Image.fromarray(image).save(f"{folder}/{number:03}.png")


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/builtin" in name])
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke --name smoke --data.source.held_out 1300")
    rnnbench("test --run runs/glimpses/smoke")
    looks = json.loads(Path("runs/glimpses/smoke/result.json").read_text())["model"]
    assert Path("runs/glimpses/smoke/glimpses.png").is_file() == ("glimpses" in looks)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/builtin" not in name])
def test_every_preset_of_mnist_trains(preset, rnnbench, real_data):
    options = f"--data.source.images.path {real_data / 'mnist'} --trainer.limit_train_batches 2"
    rnnbench(f"fit --config {preset} --config smoke --name smoke {options} --trainer.limit_val_batches 2")
    assert Path("runs/glimpses/smoke/result.json").is_file()


def test_predict_answers_what_the_test_measured(rnnbench):
    rnnbench(
        f"fit {RAM} --name a --model.passes 2 --data.source.canvas 24 --data.source.count 2 --data.source.min_count 1"
    )
    rnnbench("test --run runs/glimpses/a")
    scenes = Scenes(ScikitDigits(), size=8, canvas=24, count=2, min_count=1, held_out=1300).samples("test")
    batch = scenes(list(range(360)), 0)
    save(batch.images.numpy())
    answers = [
        json.loads(line) for line in rnnbench("predict --run runs/glimpses/a images --format json").out.splitlines()
    ]
    names = [[str(one) for one in y if 0 <= one < 10] for y in batch.y.tolist()]
    wrong = sum(found["answers"] != right for found, right in zip(answers, names, strict=True))
    assert metrics()["error"] == wrong / 360
    assert np.shape(answers[0]["looks"]) == (6, 2)
    assert 0 < answers[0]["probability"] <= 1
    text = rnnbench("predict --run runs/glimpses/a images/000.png --passes 1 --picture a.webp").out
    assert text.startswith("images/000.png\t")
    with Image.open("a.webp") as film:
        assert film.n_frames == 6
    rnnbench("predict --run runs/glimpses/a images/000.png images/001.png --picture b.gif")
    with Image.open("b.gif") as film:
        assert 6 < film.n_frames <= 12
    rnnbench("predict --run runs/glimpses/a images/000.png images/001.png --picture c.png")
    with Image.open("c.png") as page:
        assert min(page.size) > 300


def test_folders_of_images_of_any_size(rnnbench):
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for label in ("dark", "light"):
            place = Path("data", split, label)
            place.mkdir(parents=True)
            for number in range(8):
                shape = (5 + number, 7)
                pixels = random.integers(0, 50, shape) + (200 if label == "light" else 0)
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.png")
    source = "--data.source.images LabelledImages --data.source.images.path data --data.source.images.card none"
    options = f"{source} --data.source.size 9 --data.source.canvas 9 --data.source.held_out 4 --data.batch_size 4"
    rnnbench(f"fit {LOGISTIC} {options} --trainer.max_epochs 30 --model.optimizer.lr 0.05 --name a")
    rnnbench("test --run runs/glimpses/a")
    assert metrics()["error"] == 0
    assert rnnbench("predict --run runs/glimpses/a data/test/light/3.png").out.split("\t")[1] == "light"
    found = rnnbench("predict --run runs/glimpses/a data/test/light/3.png --picture a.png", debug=False)
    assert (found.status, "this model sees the whole image at once" in found.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--model.glimpses 0", "glimpses"),
        ("--model.glimpse.width 40", "a glimpse of 40 x 40 pixels is larger than the image, 14 x 14"),
        ("--data.source.canvas 4", "do not fit side by side into 4"),
        ("--data.source.size 9", "images of 8 x 8 pixels of type uint8"),
        ("--data.source.held_out 5000", "5,000 of 1,437 images of training are to be held out"),
        ("--data.source.images LabelledImages --data.source.images.path nothing", "there is no such folder"),
        ("--model.policy.rule best", "rule"),
    ],
)
def test_bad_input_is_told(options, problem, rnnbench):
    found = rnnbench(f"fit {RAM} --name a {options}", debug=False)
    assert found.status == 2
    assert problem in found.err
    assert "Traceback" not in found.err


def test_bad_input_of_predict(rnnbench):
    rnnbench(f"fit {RAM} --name a")
    Path("empty").mkdir()
    Path("broken.png").write_bytes(b"\x89PNG\r\n")
    save([np.zeros((14, 14), dtype=np.uint8)])
    for words, problem in {
        "": "there is no image",
        "empty": "there is no image in it",
        "broken.png": "broken.png",
        "absent.png": "there is no such file",
        "images --passes 0": "must be at least 1, found 0",
        "images --picture a.xyz": "a picture cannot be written as .xyz",
    }.items():
        found = rnnbench(f"predict --run runs/glimpses/a {words}", debug=False)
        assert (found.status, problem in found.err, "Traceback" in found.err) == (2, True, False), words
    found = rnnbench("predict --run runs/glimpses/a broken.png images")
    assert "broken.png: left out" in found.err
    assert found.out.startswith("images/000.png\t")
