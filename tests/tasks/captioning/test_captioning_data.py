"""Batches of images with all their captions, and bad input: named, counted, and never a silent guess."""

import json
import time

import numpy as np
import pytest
from PIL import Image
from two_sides import captions, encoded, picture

from rnnbench.bench.training_step import instantiate
from rnnbench.data.images.augment import ImageAugmentation
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError
from rnnbench.tasks.captioning import CaptionData


def data(path, stage="fit", **options):
    options = {"image_size": 16, "folder": str(path), "batch_size": 5} | options
    made = CaptionData(Files(str(path)), **options)
    made.setup(stage)
    return made


def change(folder, number, split="train", **fields):
    path = folder / f"{split}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[number].update(fields)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_batch_holds_all_captions_of_its_images(corpus):
    made = data(corpus)
    batch = next(iter(made.train_dataloader()))
    assert batch.images.shape == (5, 3, 16, 16)
    assert batch.owner.tolist() == [i for i in range(5) for _ in range(3)]
    assert batch.tokens == int(batch.target_lengths.sum())
    train = made.splits["train"]
    for row, i in enumerate(batch.ids.tolist()):
        assert (batch.images[row].permute(1, 2, 0).numpy() == train.pixels(i)).all()
        found = [made.encoder.decode(ids.tolist()) for ids in batch.target[batch.owner == row]]
        assert found == made.references("train")[i]
    assert made.details()["train_captions"] == 72


def test_every_image_once_an_epoch(corpus):
    made = data(corpus)
    batches = list(made.train_dataloader())
    ids = [i for batch in batches for i in batch.ids.tolist()]
    assert sorted(ids) == list(range(24))
    assert ids != sorted(ids)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("keep", [True, False])
def test_changes_depend_on_the_epoch_and_the_image_alone(corpus, workers, keep):
    augment = ImageAugmentation(flip=True, crop=0.7, light=0.2)
    made = data(corpus, augment=augment, num_workers=workers, keep_in_memory=keep)
    train = made.splits["train"]
    for batch in made.train_dataloader():
        for row, i in enumerate(batch.ids.tolist()):
            expected = data(corpus, augment=augment).splits["train"].pixels(i, 0) if i < 2 else train.pixels(i, 0)
            assert (batch.images[row].permute(1, 2, 0).numpy() == expected).all()
    assert any((train.pixels(i, 0) != train.pixels(i, 1)).any() for i in range(3))
    assert (made.splits["validation"].pixels(0, 1) == made.splits["validation"].pixels(0)).all()


def test_images_with_left_and_right_are_not_mirrored(corpus):
    change(corpus, 0, captions=["a dog", "a dog on the LEFT"])
    change(corpus, 5, captions=["two dogs"])
    train = data(corpus, augment=ImageAugmentation(flip=True)).splits["train"]
    assert all((train.pixels(0, epoch) == train.pixels(0)).all() for epoch in range(20))
    assert any((train.pixels(5, epoch) != train.pixels(5)).any() for epoch in range(20))


def test_rows_of_one_path_are_one_image(tmp_path):
    picture(1)[0].save(tmp_path / "a.png")
    picture(2)[0].save(tmp_path / "b.png")
    rows = "file,caption\na.png,one\nb.png,two\na.png,three\n"
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.csv").write_text(rows)
    made = data(tmp_path, image_column="file", captions_column="caption")
    assert made.references("train") == [["one", "three"], ["two"]]


def test_captions_in_several_columns(corpus):
    for split in ("train", "validation", "test"):
        path = corpus / f"{split}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [
            {"image": row["image"], "caption_0": row["captions"][0], "caption_1": row["captions"][1:]} for row in rows
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = data(corpus, captions_column=["caption_0", "caption_1"])
    assert made.details()["train_captions"] == 72
    with pytest.raises(UserError, match="there is no column 'caption_2'"):
        data(corpus, captions_column=["caption_0", "caption_2"])


@pytest.mark.slow
def test_loading_takes_little_of_a_step():
    """The loader works in the training's own process: what it takes is what the training waits for."""
    model, made = instantiate(["captioning/builtin", "--data.augment", "{flip: true, crop: 0.8, light: 0.2}"])
    made.prepare_data()
    made.setup("fit")
    model.use_spec(made.spec)
    model.log = lambda *_, **__: None
    loading = training = 0.0
    batches = iter(made.train_dataloader())
    for step in range(25):
        start = time.process_time()
        batch = next(batches)
        loaded = time.process_time()
        model.training_step(batch, 0).backward()
        if step >= 5:
            loading += loaded - start
            training += time.process_time() - loaded
    assert loading < 0.05 * (loading + training)


def test_bytes_in_parquet(tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = []
    for number in range(6):
        image, left, right = picture(number)
        rows.append({"image": {"bytes": encoded(image), "path": f"{number}.png"}, "captions": captions(left, right)})
    for split in ("train", "validation", "test"):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{split}.parquet")
    made = data(tmp_path)
    assert made.splits["train"].pixels(0).shape == (16, 16, 3)
    assert made.fingerprint == data(tmp_path, batch_size=2).fingerprint
    assert made.fingerprint != data(tmp_path, lowercase=False).fingerprint


def test_images_of_every_kind(corpus):
    grey = Image.fromarray(np.full((9, 9), 60000, dtype=np.uint16))
    for number, (image, kind) in enumerate(
        [(picture(0)[0].convert("CMYK"), "JPEG"), (grey, "PNG"), (picture(2)[0].convert("RGBA"), "PNG"),
         (Image.new("RGB", (1, 1)), "PNG"), (picture(3)[0], "GIF")]
    ):  # fmt: skip
        (corpus / f"images/odd{number}").write_bytes(encoded(image, kind))
        change(corpus, number, image=f"images/odd{number}")
    train = data(corpus).splits["train"]
    assert len(train.images) == 24
    assert (train.pixels(1) == 234).all()


def test_broken_images_are_skipped_and_listed(corpus, capsys):
    whole = (corpus / "images/3.png").read_bytes()
    (corpus / "images/3.png").write_bytes(whole[: len(whole) // 2])
    (corpus / "images/5.png").write_bytes(b"nothing")
    (corpus / "images/6.png").unlink()
    (corpus / "images/7.png").write_bytes(encoded(Image.new("1", (20_000, 20_000))))
    made = data(corpus)
    out = capsys.readouterr().out
    assert len(made.splits["train"].images) == 20
    assert "train: 1 samples dropped, a broken image" in out
    assert f"train: 1 samples dropped, no image that can be read: {corpus / 'images/5.png'}" in out
    assert f"train: 1 samples dropped, there is no such file: {corpus / 'images/6.png'}" in out
    assert "train: 1 samples dropped, more than 89,478,485 pixels" in out


def test_captions_that_teach_nothing(corpus, capsys):
    change(corpus, 1, captions=[])
    change(corpus, 2, captions=["...", "A red side."])
    change(corpus, 4, captions=["unheard words", "red"])
    change(corpus, 8, captions=["red red red red red red red", "blue"])
    change(corpus, 0, split="validation", captions=["unheard words"])
    made = data(corpus, min_count=2, max_length=6)
    out = capsys.readouterr().out
    assert "train: 1 samples dropped, no caption: 1" in out
    assert "train: 1 samples caption dropped, a caption without a word: 2" in out
    assert "train: 1 samples caption dropped, a caption of unknown words only: 4" in out
    assert "train: 1 samples caption dropped, a caption of more than 6 words: 8" in out
    assert len(made.splits["train"].images) == 23
    assert [len(made.splits["train"].captions(i)) for i in (1, 2, 3)] == [1, 3, 1]
    assert made.references("validation")[0] == ["unheard words"], "which no caption will match"


def test_what_cannot_be_used_at_all(corpus):
    for options, message in (
        ({"image_column": "picture"}, "there is no column 'picture'; there are: image, captions"),
        ({"captions_column": "image_id"}, "there is no column 'image_id'"),
        ({"image_size": 0}, "must be at least 1, found 0"),
        ({"augment": ImageAugmentation(crop=2.0)}, r"must be in \(0, 1\], found 2.0"),
        ({"folder": "/nowhere"}, "24 of 24 files of train cannot be read; of the first: there is no such file"),
    ):
        with pytest.raises(UserError, match=message):
            data(corpus, **options)
    change(corpus, 0, captions=3)
    with pytest.raises(UserError, match="column 'captions' holds no captions but int"):
        data(corpus)
    change(corpus, 0, captions=["a"], image=None)
    with pytest.raises(UserError, match="no image but NoneType"):
        data(corpus)
    with pytest.raises(UserError, match="predictions are those of a run"):
        data(corpus, stage="predict")


@pytest.mark.data
def test_flickr8k(real_data):
    made = CaptionData(Files(str(real_data / "flickr8k"), card="flickr8k"), image_size=32, min_count=5)
    made.setup("test")
    assert made.dataset == "flickr8k"
    assert [len(captions) for captions in made.references("test")] == [5] * 1000
    assert len(made.encoder) == 2541
    assert made.references("test")[0][0] == "the dogs are in the snow in front of a fence"
