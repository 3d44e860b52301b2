"""Whole runs: presets, ink, predict and its pictures, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rnnbench.cli.presets import preset_names
from rnnbench.data import Scenes, ScikitDigits
from rnnbench.tasks.drawing import DrawingData

PRESETS = [name for name in preset_names() if name.startswith("drawing/")]
SMALL = "--model.backbone.hidden_size 6 --model.encoder.hidden_size 5 --model.steps 2 --trainer.max_epochs 1"
DRAW = f"--config drawing/builtin {SMALL} --model.importance_samples 2 --data.source.held_out 1300"


def data(ink="drawn", **options):
    found = DrawingData(Scenes(ScikitDigits(), size=8, held_out=200, **options), ink)
    found.setup("test")
    return found


def metrics(name="a"):
    result = json.loads(Path(f"runs/drawing/{name}/result.json").read_text())
    return {key: value["value"] for key, value in result["metrics"]["test"].items()}


def test_ink():
    grey = data("grey").splits["test"](list(range(360)), 0).images
    threshold = data("threshold").splits["test"](list(range(360)), 3).images
    assert torch.equal(threshold, (grey >= 128).to(torch.uint8) * 255)
    drawn = data().splits["test"]
    whole = drawn(list(range(360)), 0).images
    assert torch.equal(drawn([7, 3], 5).images, whole[[7, 3]]), "once and for all, whatever the batch and the epoch"
    assert set(whole.unique().tolist()) == {0, 255}
    assert bool((whole[grey == 0] == 0).all())
    assert bool((whole[grey == 255] == 255).all())
    # Half of the half grey ones are white, within what so many draws can be off.
    half = whole[(grey > 120) & (grey < 136)]
    assert (half > 0).double().mean().item() == pytest.approx(0.5, abs=3 / len(half) ** 0.5)
    names = {data().fingerprint, data("grey").fingerprint, data("threshold").fingerprint, data(seed=2).fingerprint}
    assert len(names) == 4
    assert data("grey", seed=2).fingerprint == data("grey").fingerprint


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/builtin" in name])
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke --name smoke --data.source.held_out 1300")
    rnnbench("test --run runs/drawing/smoke")
    assert Path("runs/drawing/smoke/samples.png").is_file()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in PRESETS if "/builtin" not in name])
def test_every_preset_of_mnist_trains(preset, rnnbench, real_data):
    options = f"--data.source.images.path {real_data / 'mnist'} --trainer.limit_train_batches 2"
    rnnbench(f"fit --config {preset} --config smoke --name smoke {options} --trainer.limit_val_batches 2")
    assert Path("runs/drawing/smoke/result.json").is_file()


def test_predict_tells_the_bounds_of_the_test_and_draws(rnnbench):
    rnnbench(f"fit {DRAW} --name a")
    rnnbench("test --run runs/drawing/a")
    assert metrics()["importance_bound"] < metrics()["bound"] + 1
    Path("images").mkdir()
    images = data(fresh=True).splits["test"](list(range(360)), 0).images.numpy()
    for number, image in enumerate(images):
        Image.fromarray(image).save(f"images/{number:03}.png")
    told = [json.loads(line) for line in rnnbench("predict --run runs/drawing/a images --format json").out.splitlines()]
    assert np.mean([one["bound"] for one in told]) == pytest.approx(metrics()["bound"], rel=1e-6)
    rnnbench("predict --run runs/drawing/a --picture a.png --count 5")
    rnnbench("predict --run runs/drawing/a --picture b.png --count 5")
    rnnbench("predict --run runs/drawing/a --picture c.png --count 5 --seed 2")
    first, again, other = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert (first == again, first == other) == (True, False)
    rnnbench("predict --run runs/drawing/a --picture a.gif --count 3")
    with Image.open("a.gif") as film:
        assert film.n_frames == 2
    for words, problem in {
        "": "there is no image, and nowhere to draw",
        "images --picture a.png": "images are read, or something is drawn",
        "--picture a.png --count 0": "--count",
        "--picture a.png --class 3": "the model is told no class",
        "--picture a.svg": "a picture cannot be written as .svg",
        "absent.png": "there is no such file",
    }.items():
        found = rnnbench(f"predict --run runs/drawing/a {words}", debug=False)
        assert (found.status, problem in found.err, "Traceback" in found.err) == (2, True, False), words


def test_a_class_is_asked_for(rnnbench):
    rnnbench(f"fit {DRAW} --name a --model.conditional true")
    rnnbench("predict --run runs/drawing/a --picture a.png --count 2 --class 3")
    found = rnnbench("predict --run runs/drawing/a --picture a.png --class x", debug=False)
    assert (found.status, "there is no class 'x'" in found.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--model.steps 0", "steps"),
        ("--model.write 9", "must be from 0 to 8, found 9"),
        ("--data.ink blue", "ink"),
        ("--data.source.canvas 16 --data.source.count 2", "an image has one class here"),
    ],
)
def test_bad_input_is_told(options, problem, rnnbench):
    found = rnnbench(f"fit {DRAW} --name a {options}", debug=False)
    assert found.status == 2
    assert problem in found.err
    assert "Traceback" not in found.err


def test_counting_needs_black_and_white(rnnbench):
    found = rnnbench("fit --config drawing/builtin_pixels --data.ink grey --name a", debug=False)
    assert (found.status, "counts pixels that are black or white" in found.err) == (2, True)
