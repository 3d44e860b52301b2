"""Images as sequences: the same from the files of MNIST, from folders and from the hub."""

import io
import re
import struct

import datasets
import numpy as np
import pytest
from PIL import Image

from rnnbench.data import Hub, LabelledImages, SequentialImages
from rnnbench.data.long_range.batch import Sequences
from rnnbench.data.long_range.problem import Plan
from rnnbench.errors import UserError

SIZES = {"train": 12, "test": 6}


def pictures(split):
    random = np.random.default_rng(len(split))
    labels = [str(number % 3) for number in range(SIZES[split])]
    return random.integers(0, 256, (SIZES[split], 4, 4), dtype=np.uint8), labels


@pytest.fixture
def idx(tmp_path):
    folder = tmp_path / "digits"
    folder.mkdir()
    for split, word in (("train", "train"), ("test", "t10k")):
        pixels, labels = pictures(split)
        for what, array in (("images-idx3", pixels), ("labels-idx1", np.array(labels, dtype=np.uint8))):
            head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (folder / f"{word}-{what}-ubyte").write_bytes(head + array.tobytes())
    return folder


@pytest.fixture
def pngs(tmp_path):
    folder = tmp_path / "pngs"
    for split in SIZES:
        for number, (pixels, label) in enumerate(zip(*pictures(split), strict=True)):
            place = folder / split / label
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{number:03}.png")
    return folder


@pytest.fixture
def hub(tmp_path):
    folder = tmp_path / "hub"
    folder.mkdir()
    for split in SIZES:
        rows = []
        for pixels, label in zip(*pictures(split), strict=True):
            png = io.BytesIO()
            Image.fromarray(pixels).save(png, format="png")
            rows.append({"picture": {"bytes": png.getvalue(), "path": None}, "digit": int(label)})
        datasets.Dataset.from_list(rows).to_parquet(folder / f"{split}.parquet")
    return folder


def read(source, **options):
    problem = SequentialImages(source, size=4, held_out=3, **options)
    plan = problem.plan(Plan())
    return problem, {split: Sequences(problem.samples(split, plan)) for split in ("train", "validation", "test")}


def test_files_folders_and_the_hub_give_the_same(idx, pngs, hub):
    problem, first = read(LabelledImages(str(idx)))
    _, second = read(LabelledImages(str(pngs)))
    _, third = read(Hub(str(hub)), image="picture", label="digit")
    assert problem.answers.names == ("0", "1", "2")
    for split, sequences in first.items():
        every = list(range(len(sequences.lengths)))
        wanted = sequences(every, 0)
        assert (wanted.x.shape, wanted.tokens) == ((len(every), 4, 4), 4 * len(every))
        found = third[split](every, 0)
        assert found.x.equal(wanted.x)
        assert found.y.equal(wanted.y)
    # Folders have their images class by class.
    assert whole(second) == whole(first)


def whole(found):
    """All images of training and validation with their classes, in no order."""
    pairs = []
    for split in ("train", "validation"):
        batch = found[split](list(range(len(found[split].lengths))), 0)
        pairs += [(image.tobytes(), int(y)) for image, y in zip(batch.x.numpy(), batch.y, strict=True)]
    return sorted(pairs)


def test_pixels_are_those_of_the_image(idx):
    pixels, labels = pictures("test")
    _, rows = read(LabelledImages(str(idx)))
    _, single = read(LabelledImages(str(idx)), by="pixel")
    _, permuted = read(LabelledImages(str(idx)), by="pixel", permuted=True)
    batch = rows["test"]([2, 0], 0)
    assert np.array_equal(batch.x.numpy(), pixels[[2, 0]].astype(np.float32) / np.float32(255))
    assert batch.y.tolist() == [int(labels[2]), int(labels[0])]
    one = single["test"]([0, 1], 0).x[..., 0].numpy()
    assert np.array_equal(one, pixels[:2].reshape(2, 16).astype(np.float32) / np.float32(255))
    other = permuted["test"]([0, 1], 0).x[..., 0].numpy()
    assert not np.array_equal(other, one)
    order = [next(j for j in range(16) if (one[:, j] == other[:, i]).all()) for i in range(16)]
    assert sorted(order) == list(range(16)), "one order for all images"


def test_what_is_held_out_is_spread_evenly(idx):
    _, found = read(LabelledImages(str(idx)))
    assert [len(found[split].lengths) for split in ("train", "validation", "test")] == [9, 3, 6]
    assert found["validation"]([0, 1, 2], 0).y.tolist() == [0, 0, 2], "images 0, 6 and 11"


@pytest.mark.parametrize(
    ("options", "plan", "problem"),
    [
        ({"by": "rows"}, {}, "there is no way 'rows'\ndid you mean: row"),
        ({"held_out": 12}, {}, "12 of 12 images of training are to be held out"),
        ({"held_out": 0}, {}, "the images of the validation split are not there"),
        ({"size": 5}, {}, "images of 4 x 4 pixels of type uint8\n--data.source.size 4"),
        ({"image": "img"}, {}, "there is no column 'img'; there are: image, label"),
        ({}, {"length": 10}, "--data.length"),
        ({}, {"train": 10}, "--data.train"),
    ],
)
def test_what_is_wrong_is_said(options, plan, problem, idx):
    with pytest.raises(UserError, match=re.escape(problem)):
        sequences_of(idx, options, plan)


def sequences_of(idx, options, plan):
    found = SequentialImages(LabelledImages(str(idx)), **{"size": 4, "held_out": 3, **options})
    return found.samples("train", found.plan(Plan(**plan)))


def test_broken_folders(idx, pngs, tmp_path):
    (idx / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="the labels of the train split are not there"):
        LabelledImages(str(idx)).rows("train")
    with pytest.raises(UserError, match="there is no validation split"):
        LabelledImages(str(pngs)).rows("validation")
    with pytest.raises(UserError, match="there is no such folder"):
        LabelledImages(str(tmp_path / "absent")).rows("train")
    broken = next((pngs / "train" / "1").iterdir())
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(UserError, match=re.escape(str(broken))):
        read(LabelledImages(str(pngs)))
    (pngs / "test" / "9").mkdir()
    Image.new("L", (4, 4)).save(pngs / "test" / "9" / "a.png")
    Image.new("L", (4, 4)).save(broken)
    with pytest.raises(UserError, match="test has the class 9, which training has not"):
        read(LabelledImages(str(pngs)))


@pytest.mark.data
def test_the_digits_of_mnist(real_data):
    problem = SequentialImages(LabelledImages(str(real_data / "mnist"), card="mnist"))
    samples = {split: problem.samples(split, problem.plan(Plan())) for split in ("train", "validation", "test")}
    assert [len(one.lengths) for one in samples.values()] == [55_000, 5_000, 10_000]
    made = Sequences(samples["test"])([0, 1, 2], 0)
    assert [problem.answers.names[y] for y in made.y.tolist()] == ["7", "2", "1"]
    assert problem.dataset == "mnist_by_row"
