"""Whole runs: presets, files of people, predict, what baselines reach, bad input."""

import csv
import importlib.util
import io
import json
from pathlib import Path

import numpy as np
import pytest
from clip_files import video, write_table
from PIL import Image

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("video/")]
BUILTIN = [name for name in PRESETS if "clips" not in name]
SMALL = "--data.source.train 40 --data.source.held_out 4 --data.source.min_length 16 --data.source.max_length 24"
TINY = "--model.encoder.channels '[8]' --model.encoder.halvings 2 --model.size 6 --model.backbone.hidden_size 6"
FOLDER = f"--config video/clips --data.source.path clips --data.image_size 16 {TINY} --trainer.max_epochs 1 --name a"


def metrics(name="a"):
    found = json.loads(Path(f"runs/video/{name}/result.json").read_text())["metrics"]["test"]
    return {key: value["value"] for key, value in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("preset", BUILTIN)
def test_every_preset_trains(preset, rnnbench):
    rnnbench(f"fit --config {preset} --config smoke {SMALL} --name smoke")
    rnnbench("test --run runs/video/smoke")
    assert "frame_accuracy" in metrics("smoke")


@pytest.mark.slow
def test_what_always_saying_the_same_reaches(rnnbench):
    rnnbench(f"fit --config video/builtin_majority {SMALL} --data.source.held_out 20 --name a")
    rnnbench("test --run runs/video/a")
    found = metrics()
    assert 0 < found["frame_accuracy"] < 0.6
    assert found["f1_50"] <= found["f1_25"] <= found["f1_10"]


def test_animations_are_learned_and_the_answer_is_a_table_of_labels(clips, rnnbench):
    rnnbench(f"fit {FOLDER} --trainer.max_epochs 12 --model.optimizer.lr 0.02 --data.max_frames 32 --model.dropout 0")
    rnnbench("test --run runs/video/a")
    assert metrics()["frame_accuracy"] == 1.0
    assert metrics()["edit"] == 1.0
    out = rnnbench("predict --run runs/video/a clips/0.gif clips/1.gif").out
    found = list(csv.DictReader(io.StringIO(out)))
    assert [(one["clip"], one["from"], one["to"], one["class"]) for one in found] == [
        ("clips/0.gif", "0", "0", "nothing"), ("clips/0.gif", "1", "3", "light"),
        ("clips/1.gif", "0", "1", "nothing"), ("clips/1.gif", "2", "4", "light"),
    ]  # fmt: skip
    Path("a.mp4").write_bytes(video([10, 10, 240, 240]))
    found = rnnbench("predict --run runs/video/a a.mp4 --srt --batch-size 3").out
    assert found == "1\n00:00:00,080 --> 00:00:00,160\nlight\n\n"
    assert rnnbench("predict --run runs/video/a clips --batch-size 1").out.count("\n") == 21
    srt = rnnbench("predict --run runs/video/a clips/1.gif --srt").out
    assert srt == "1\n00:00:00,080 --> 00:00:00,200\nlight\n\n", "the background has no subtitle"
    (line,) = rnnbench("predict --run runs/video/a clips/1.gif --format json").out.splitlines()
    assert [one["class"] for one in json.loads(line)["segments"]] == ["nothing", "light"]
    Path("frames").mkdir()
    for number, grey in enumerate([10, 10, 240, 240]):
        Image.fromarray(np.full((16, 16, 3), grey, dtype=np.uint8)).save(f"frames/{number}.png")
    assert rnnbench("predict --run runs/video/a frames --srt --frame-rate 2").out.startswith("1\n00:00:01,000 -->")
    failed = rnnbench("predict --run runs/video/a frames --srt", debug=False)
    assert (failed.status, "nobody knows when its frames are shown" in failed.err) == (2, True)
    failed = rnnbench("predict --run runs/video/a clips --srt", debug=False)
    assert (failed.status, "subtitles are those of one clip, and there are 10" in failed.err) == (2, True)


@pytest.mark.slow
def test_a_run_is_taken_further_on_other_classes(clips, rnnbench):
    rnnbench(f"fit {FOLDER}")
    write_table([row.replace("light", "bright") for row in clips])
    out = rnnbench(f"fit {FOLDER} --from runs/video/a --name b").out
    assert "output: 1 of 2 classes" in out
    assert "encoder: whole" in out


@pytest.mark.slow
def test_several_classes_at_a_frame(clips, rnnbench):
    write_table([*clips, *(f"{number}.gif,0,{1 + number % 3},change" for number in range(10))])
    options = "--trainer.max_epochs 20 --model.optimizer.lr 0.02 --data.max_frames 32 --model.dropout 0"
    rnnbench(f"fit {FOLDER} --data.several true {options}")
    rnnbench("test --run runs/video/a")
    assert set(metrics()) == {"map", "cross_entropy"}
    assert metrics()["map"] == 1.0
    # The best one ranks frames rightly, and may not know yet from which probability on a class holds.
    out = rnnbench("predict --run runs/video/a clips/0.gif --checkpoint runs/video/a/checkpoints/last.ckpt").out
    assert [line.split(",")[1:4] for line in out.splitlines()[1:]] == [["0", "1", "change"], ["1", "3", "light"]]
    options = "--data.source LabelledClips --data.source.path clips --data.image_size 16 --data.several true"
    rnnbench(f"fit --config video/builtin_majority {options} --name b")
    rnnbench("test --run runs/video/b")
    # All frames have one score, and precision is the share of frames that a class holds at, whatever is asked for.
    assert metrics("b")["map"] == pytest.approx((3 / 4 + 2 / 4) / 2, abs=0.2)


@pytest.mark.slow
def test_one_class_a_clip(clips, rnnbench):
    write_table([f"{number}.gif,{'odd' if number % 2 else 'even'}" for number in range(10)], "clip,class")
    # Of ten clips one is for the test.
    rnnbench(f"fit {FOLDER} --data.source.fractions '[0.4, 0.2, 0.4]'")
    rnnbench("test --run runs/video/a")
    assert set(metrics()) == {"accuracy", "macro_f1", "cross_entropy"}
    assert "0.gif,0,3," in rnnbench("predict --run runs/video/a clips/0.gif").out


@pytest.mark.slow
def test_read_anew_it_is_the_same_training(clips, rnnbench, same_weights):
    rnnbench(f"fit {FOLDER}")
    rnnbench(f"fit {FOLDER} --data.keep_in_memory false --name b")
    assert same_weights(Path("runs/video/a"), Path("runs/video/b"))


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is None, reason="needs torchvision")
def test_maps_of_a_frozen_encoder_are_kept_and_change_nothing(clips, rnnbench, cache, same_weights):
    encoder = "--model.encoder PretrainedEncoder --model.encoder.name alexnet --model.encoder.weights random"
    options = f"{FOLDER.replace('--data.image_size 16', '--data.image_size 64')} {encoder}"
    options = options.replace("--model.encoder.channels '[8]' --model.encoder.halvings 2", "")
    out = rnnbench(f"fit {options}").out
    frames = sum(4 + number % 3 for number in range(8))
    assert f"maps of the {frames} images of train are computed once" in out
    assert len(list((cache / "maps").iterdir())) == 2
    rnnbench(f"fit {options} --model.encoder.cache false --data.keep_in_memory false --name b")
    assert same_weights(Path("runs/video/a"), Path("runs/video/b"))


@pytest.mark.slow
def test_the_strips_show_what_is_there(clips, rnnbench):
    rnnbench(f"fit {FOLDER}")
    rnnbench("test --run runs/video/a")
    with Image.open("runs/video/a/strips.png") as picture:
        assert picture.size[0] > 500
