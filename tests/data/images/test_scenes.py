"""Scenes hold what they say they hold, and depend on seed, split, epoch and number alone."""

import re

import numpy as np
import pytest

from rnnbench.data import LabelledImages, Scenes, ScikitDigits
from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.source import Source
from rnnbench.errors import UserError

SIDE = 4


class Flat(Source):
    """Images of one grey value each, number i having 10 + i, in class i % 3 of training."""

    dataset = "flat"

    def __init__(self, names=("0", "1", "2")):
        self.names = names

    def rows(self, split):
        return [{"image": np.full((SIDE, SIDE), 10 + i, dtype=np.uint8), "label": self.names[i % 3]} for i in range(12)]


def scenes(**options):
    return Scenes(options.pop("images", Flat()), size=SIDE, held_out=0, **{"piece": 2, **options})


def found_in(image):
    """Grey values of the images in a scene from the left to the right, each having to be whole."""
    values = []
    for value in np.unique(image[image > 0]):
        columns = np.nonzero(image == value)[1]
        values.append((columns.min(), int(value)))
    return [value for _, value in sorted(values)]


def test_images_as_they_are():
    batch = scenes().samples("train")([3, 1], 5)
    assert batch.images.numpy().tolist() == [np.full((4, 4), value).tolist() for value in (13, 11)]
    assert (batch.y.tolist(), batch.ids.tolist(), batch.tokens) == ([[0], [1]], [3, 1], 2)
    assert scenes().identity() == {}


@pytest.mark.parametrize(("count", "min_count"), [(1, None), (2, None), (3, 1)])
def test_a_scene_shows_its_own_image_whole_and_the_answers_go_from_left_to_right(count, min_count):
    made = scenes(canvas=15, count=count, min_count=min_count)
    seen = set()
    for epoch in range(20):
        batch = made.samples("train")(list(range(12)), epoch)
        for number, (image, y) in enumerate(zip(batch.images.numpy(), batch.y.tolist(), strict=True)):
            values = found_in(image)
            assert 10 + number in values
            classes = [(value - 10) % 3 for value in values]
            # Two images of one scene may be the same one: then there are twice as many pixels of it.
            whole = [int((image == value).sum()) // SIDE**2 for value in values]
            assert all(int((image == value).sum()) % SIDE**2 == 0 for value in values)
            answers = [one for one in y if one != IGNORED]
            seen.add(sum(whole))
            if made.ends:
                assert answers.pop() == 3
            assert len(answers) == sum(whole)
            if max(whole) == 1:
                assert answers == classes
    assert seen == set(range(min_count or count, count + 1))


def test_every_place_comes():
    batches = [scenes(canvas=7).samples("train")(list(range(12)), epoch) for epoch in range(40)]
    corners = {tuple(np.argwhere(image)[0].tolist()) for batch in batches for image in batch.images.numpy()}
    assert corners == {(row, column) for row in range(4) for column in range(4)}


def test_what_is_drawn_depends_on_seed_split_epoch_and_number():
    options = {"canvas": 20, "count": 2, "clutter": 3}
    made = scenes(**options)
    samples = {split: made.samples(split) for split in ("train", "validation", "test")}
    whole = samples["train"](list(range(12)), 2)
    some = samples["train"]([7, 2], 2)
    assert some.images.equal(whole.images[[7, 2]])
    assert some.y.equal(whole.y[[7, 2]])
    assert not samples["train"]([7, 2], 3).images.equal(some.images)
    assert samples["test"]([7, 2], 3).images.equal(samples["test"]([7, 2], 0).images)
    assert not samples["test"]([7, 2], 0).images.equal(samples["validation"]([7, 2], 0).images)
    assert not scenes(**options, seed=2).samples("train")([7, 2], 2).images.equal(some.images)
    still = scenes(**options, fresh=False).samples("train")
    assert still([7, 2], 3).images.equal(still([7, 2], 2).images)


def test_clutter_is_pieces_of_other_images():
    batch = scenes(canvas=30, clutter=4).samples("train")(list(range(12)), 0)
    for number, image in enumerate(batch.images.numpy()):
        assert (image == 10 + number).sum() >= SIDE**2 - 4 * 4, "the lighter one is seen"
        assert SIDE**2 < (image > 0).sum() <= SIDE**2 + 4 * 4


def test_sums():
    made = scenes(canvas=12, count=2, answer="sum", images=Flat(("1", "2", "5")))
    assert made.names == ("2", "3", "4", "6", "7", "10")
    batch = made.samples("train")(list(range(12)), 0)
    of = {10 + i: (1, 2, 5)[i % 3] for i in range(12)}
    for image, y in zip(batch.images.numpy(), batch.y.tolist(), strict=True):
        values = found_in(image)
        values = values * 2 if len(values) == 1 else values
        assert made.names[y[0]] == str(sum(of[value] for value in values))
    assert scenes(canvas=12, count=2, min_count=1, answer="sum").names == ("0", "1", "2", "3", "4")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"canvas": 7, "count": 2}, "2 images of 4 pixels do not fit side by side into 7\nat least 8"),
        ({"canvas": 3}, "1 images of 4 pixels do not fit"),
        ({"count": 0}, "from 0 to 0 images cannot be in a scene"),
        ({"canvas": 9, "count": 1, "min_count": 2}, "from 2 to 1 images"),
        ({"clutter": -1}, "--data.source.clutter"),
        ({"piece": 5}, "must be from 1 to 4, found 5"),
        ({"answer": "summ"}, "no answer is called 'summ'\ndid you mean: sum"),
        ({"images": Flat(("a", "b", "c")), "answer": "sum"}, "the class 'a' is no number"),
    ],
)
def test_what_is_wrong_is_said(options, problem):
    with pytest.raises(UserError, match=re.escape(problem).replace("\\\n", "\\s+")):
        assert scenes(**options).names


def test_the_digits_of_scikit_learn():
    made = Scenes(ScikitDigits(), size=8, held_out=200)
    sizes = [len(made.samples(split).lengths) for split in ("train", "validation", "test")]
    assert (sizes, made.names) == ([1237, 200, 360], tuple("0123456789"))
    batch = made.samples("test")(list(range(360)), 0)
    assert (int(batch.images.max()), int(batch.images.min())) == (255, 0)
    assert batch.y[:, 0].bincount().tolist() == [35, 36, 35, 37, 37, 37, 37, 36, 33, 37]
    with pytest.raises(UserError, match="there is no validation split"):
        ScikitDigits().rows("validation")


@pytest.mark.data
def test_scenes_of_mnist(real_data):
    made = Scenes(LabelledImages(str(real_data / "mnist"), card="mnist"), canvas=100, count=2, clutter=8)
    assert made.dataset == "mnist_100_of_2_clutter_8"
    batch = made.samples("test")(list(range(100)), 0)
    assert (batch.images.shape, batch.y.shape) == ((100, 100, 100), (100, 2))
    plain = Scenes(LabelledImages(str(real_data / "mnist"))).samples("test")([0, 1, 2], 0)
    assert plain.y[:, 0].tolist() == [7, 2, 1]
