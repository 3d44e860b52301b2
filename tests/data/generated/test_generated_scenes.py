import hashlib
import io
import json
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from rnnbench.data.cards import load_card
from rnnbench.data.generated.scenes.captions import meaning_of
from rnnbench.data.generated.scenes.picture import _RGB
from rnnbench.data.generated.scenes.scene import COLOURS, SHAPES, draw_scene
from rnnbench.data.generated.scenes.source import GeneratedScenes
from rnnbench.data.source import SPLITS
from rnnbench.errors import UserError


@pytest.fixture(scope="module")
def source():
    return GeneratedScenes(train=600, held_out=150)


def pixels(row):
    return np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])))


def pairs(rows):
    """Colours and shapes that go together in these rows."""
    words = set(SHAPES)
    found = set()
    for row in rows:
        said = row["captions"][0].split()
        for before, word in pairwise(said):
            shape = word if word in words else word.removesuffix("es") if word.endswith("sses") else word[:-1]
            if before in COLOURS and shape in words:
                found.add((before, shape))
    return found


def test_sizes_are_those_of_the_card():
    card = load_card("generated_scenes")
    rows = {split: GeneratedScenes.__mro__[1].rows(GeneratedScenes(), split) for split in SPLITS}
    assert {split: len(rows[split]) for split in SPLITS} == {split: card.splits[split].rows for split in SPLITS}


def test_the_same_on_every_machine_and_in_every_version(source):
    rows = [{k: v for k, v in row.items() if k != "image"} for row in source.rows("test")]
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12] == "f2af4108fab2"
    assert GeneratedScenes(train=700, held_out=150).rows("test") == source.rows("test")


def test_five_different_captions_that_all_mean_the_scene(source):
    for split in SPLITS:
        for row in source.rows(split):
            assert len(set(row["captions"])) == 5
            assert {meaning_of(caption) for caption in row["captions"]} == {row["meaning"]}


def test_what_is_not_of_the_grammar_means_nothing():
    assert meaning_of("a small red ring is below a large blue star") == "a large blue star above a small red ring"
    for caption in (
        "", "a red ring", "two small red ring in a row", "a small red rings in the middle",
        "a small red ring in the middle there", "a small red ring is left of a large blue star",
    ):  # fmt: skip
        assert meaning_of(caption) is None


def test_colours_and_shapes_of_the_compositional_part_never_meet_elsewhere(source):
    test = source.rows("test")
    main = [row for row in test if "part" not in row]
    other = [row for row in test if row.get("part") == "compositional"]
    assert len(main) == len(other) == 150
    seen = pairs(source.rows("train") + source.rows("validation") + main)
    new = pairs(other) - seen
    assert len(seen) == 35
    assert len(new) == 7
    assert all(pairs([row]) & new for row in other)
    assert {colour for colour, _ in seen} == set(COLOURS)
    assert {shape for _, shape in seen} == set(SHAPES)


def test_a_noun_is_where_its_box_is(source):
    for row in source.rows("test"):
        image = pixels(row).astype(int)
        assert image.shape == (64, 64, 3)
        assert len({one["caption"] for one in row["named"]}) == 5
        for one in row["named"]:
            words = row["captions"][one["caption"]].split()
            assert words[one["word"]].startswith(SHAPES)
            colour = np.array(_RGB[words[one["word"] - 1]])
            for box in one["boxes"]:
                left, top, right, bottom = (round(64 * side) for side in box)
                inside = image[max(top, 0) : bottom + 1, max(left, 0) : right + 1]
                assert (np.abs(inside - colour).max(2) < 12).any(), (words, box)


def test_relations_are_what_they_say(source):
    for row in source.rows("train"):
        meaning = row["meaning"]
        relation = "left of" if " left of " in meaning else "above" if " above " in meaning else None
        if relation is None:
            continue
        first, second = meaning.split(f" {relation} ")
        caption = next(number for number, text in enumerate(row["captions"]) if text.count(first) == 1)
        words = row["captions"][caption].split()
        boxes = {
            " ".join(words[o["word"] - 3 : o["word"] + 1]): o["boxes"] for o in row["named"] if o["caption"] == caption
        }
        (a,), (b,) = boxes[first], boxes[second]
        axis = 0 if relation == "left of" else 1
        assert a[axis + 2] < b[axis], "they do not overlap along it"


def test_everything_lies_on_the_plane(source):
    for row in source.rows("train"):
        for one in row["named"]:
            assert all(0 <= side <= 1 for box in one["boxes"] for side in box)


def test_things_of_a_pair_differ():
    count = [0]

    def choose(options):
        count[0] = (1103515245 * count[0] + 12345) % 2**31
        return options[count[0] // 65536 % len(options)]

    for _ in range(3000):
        scene = draw_scene(choose)
        assert len({thing.phrase for thing in scene.things}) == len(scene.things)


@pytest.mark.parametrize("option", ["train", "held_out"])
def test_sizes_have_to_be_positive(option):
    with pytest.raises(UserError, match=option):
        GeneratedScenes(**{option: 0})
