"""Folders of images with captions, in the layouts that are in use."""

import json

import pytest

from rnnbench.data.source import SPLITS
from rnnbench.data.sources.captioned_images import CaptionedImages
from rnnbench.errors import UserError


def names(source):
    return {split: [row["image"].rpartition("/")[2] for row in source.rows(split)] for split in SPLITS}


def karpathy(folder, coco=False):
    splits = ("train", "restval", "val", "test", "train")
    images = [
        {"filename": f"{i}.jpg", "split": split, "sentences": [{"raw": f"one {i}.", "tokens": []}, {"raw": "two"}]}
        for i, split in enumerate(splits)
    ]
    if coco:
        images = [{"filepath": "val2014", **image} for image in images]
    path = folder / "dataset_small.json"
    path.write_text(json.dumps({"dataset": "small", "images": images}))
    return path


def test_karpathys_splits(tmp_path):
    source = CaptionedImages(str(karpathy(tmp_path)))
    assert source.dataset == "dataset_small"
    assert names(source) == {"train": ["0.jpg", "1.jpg", "4.jpg"], "validation": ["2.jpg"], "test": ["3.jpg"]}
    assert source.rows("test") == [{"image": str(tmp_path / "3.jpg"), "captions": ["one 3.", "two"]}]
    karpathy(tmp_path, coco=True)
    row = CaptionedImages(str(tmp_path), images="/images").rows("test")[0]
    assert row["image"] == "/images/val2014/3.jpg"


def flickr(folder):
    lines = [f"{i}.jpg#{n}\tCaption {n} of {i} ." for i in range(6) for n in range(5)]
    (folder / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n")
    for split, numbers in (("train", (3, 0, 1)), ("dev", (2,)), ("test", (5,))):
        (folder / f"Flickr_8k.{split}Images.txt").write_text("".join(f"{i}.jpg\n" for i in numbers))


def test_the_layout_of_flickr8k(tmp_path):
    flickr(tmp_path)
    source = CaptionedImages(str(tmp_path), images=str(tmp_path / "Flicker8k_Dataset"))
    assert names(source) == {"train": ["3.jpg", "0.jpg", "1.jpg"], "validation": ["2.jpg"], "test": ["5.jpg"]}
    row = source.rows("validation")[0]
    assert row["image"] == str(tmp_path / "Flicker8k_Dataset/2.jpg")
    assert row["captions"] == [f"Caption {n} of 2 ." for n in range(5)]
    (tmp_path / "Flickr_8k.devImages.txt").unlink()
    with pytest.raises(UserError, match="a list of the images of each split"):
        CaptionedImages(str(tmp_path)).rows("train")
    (tmp_path / "Flickr8k.token.txt").write_text("a.jpg no tab\n")
    with pytest.raises(UserError, match="line 1 has no tab"):
        CaptionedImages(str(tmp_path)).rows("train")


def coco(folder):
    for split, first, size in (("train", 0, 40), ("val", 100, 3)):
        images = [{"id": 7 * i, "file_name": f"{i:03}.jpg"} for i in range(first, first + size)]
        notes = [{"image_id": image["id"], "caption": f"{n} of {image['id']}"} for n in "ab" for image in images]
        (folder / f"captions_{split}2017.json").write_text(json.dumps({"images": images, "annotations": notes}))


def test_the_layout_of_coco(tmp_path):
    coco(tmp_path)
    source = CaptionedImages(str(tmp_path))
    found = names(source)
    assert [len(found[split]) for split in SPLITS] == [38, 2, 3]
    assert found["validation"] == ["038.jpg", "039.jpg"]
    assert source.rows("test")[1] == {"image": str(tmp_path / "val2017/101.jpg"), "captions": ["a of 707", "b of 707"]}
    assert source.rows("train")[0]["image"] == str(tmp_path / "train2017/000.jpg")
    (tmp_path / "captions_val2017.json").unlink()
    with pytest.raises(UserError, match="both captions_train"):
        CaptionedImages(str(tmp_path)).rows("train")


def test_a_table_is_cut_by_images(tmp_path):
    rows = [f"{i}.jpg,caption {n}" for n in range(3) for i in range(20)]
    (tmp_path / "captions.csv").write_text("image,caption\n" + "\n".join(rows) + "\n")
    source = CaptionedImages(str(tmp_path))
    assert [len(source.rows(split)) for split in SPLITS] == [18, 1, 1]
    assert source.rows("test") == [
        {"image": str(tmp_path / "19.jpg"), "captions": ["caption 0", "caption 1", "caption 2"]}
    ]
    halves = CaptionedImages(str(tmp_path / "captions.csv"), fractions=(0.5, 0.25, 0.25))
    assert [len(halves.rows(split)) for split in SPLITS] == [10, 5, 5]
    with pytest.raises(UserError, match="record 1 has no column 'text'; there are: image, caption"):
        CaptionedImages(str(tmp_path), caption="text").rows("train")


def test_what_cannot_be_read(tmp_path):
    def fails(message, path=tmp_path, split="train"):
        with pytest.raises(UserError, match=message):
            CaptionedImages(str(path)).rows(split)

    fails("there is no such file or folder", tmp_path / "none")
    fails("there are no captions in it")
    file = tmp_path / "dataset_a.json"
    for text, message in (
        ("{", "line 1 is not JSON"),
        ("[]", "no JSON object but list"),
        ("{}", "there is no list 'images'; there are: none"),
        ('{"images": [{"filename": "a"}]}', "image 0 lacks or misnames: 'split'"),
        ('{"images": [{"filename": "a", "split": "dev", "sentences": []}]}', "image 0 lacks or misnames: 'dev'"),
        ('{"images": []}', "the train split is empty"),
    ):
        file.write_text(text)
        fails(message)
    (tmp_path / "dataset_b.json").write_text("{}")
    fails("more than one file could hold the captions: dataset_a.json, dataset_b.json")
    coco(tmp_path)
    content = json.loads((tmp_path / "captions_train2017.json").read_text())
    content["annotations"][0]["image_id"] = -1
    (tmp_path / "captions_train2017.json").write_text(json.dumps(content))
    fails("an entry lacks or misnames: -1", tmp_path / "captions_train2017.json")
    with pytest.raises(UserError, match="shares sum"):
        CaptionedImages(str(tmp_path), fractions=(0.5, 0.1, 0.1))
