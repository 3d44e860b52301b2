"""Generated clips: what their labels say is what happens in them, and what is hidden cannot be seen."""

import hashlib
import math

import numpy as np
import pytest

from rnnbench.data import GeneratedClips
from rnnbench.data.clips.draw import COLOURS, RADIUS, SHAPES, SIDE, Box, Thing, draw_frame, visible
from rnnbench.data.clips.worlds import NOTHING
from rnnbench.errors import UserError


def clips(world, **options):
    return GeneratedClips(world, **{"train": 40, "held_out": 5, **options}).rows("train")


def pixels(row):
    return np.stack([frame.pixels for frame in row["clip"].frames(SIDE)])


def test_a_clip_is_a_function_of_seed_and_number():
    few, many = clips("hidden", train=3), clips("hidden", train=6)
    assert [row["labels"] for row in few] == [row["labels"] for row in many[:3]]
    assert all((pixels(a) == pixels(b)).all() for a, b in zip(few, many, strict=False))
    assert clips("hidden", train=3, seed=2)[0]["labels"] != few[0]["labels"]
    assert GeneratedClips(train=3).rows("test")[0]["labels"] != few[0]["labels"]
    assert hashlib.sha256(pixels(few[0]).tobytes()).hexdigest()[:12] == "6d709605cd6d", "on every machine"


def test_a_frame_is_hidden_where_one_of_two_is():
    for row in clips("collisions"):
        drawn = row["clip"].drawn
        for things, frame, out_of_sight in zip(drawn.frames, pixels(row), row["hidden"], strict=True):
            colours = {tuple(colour) for colour in frame.reshape(-1, 3).tolist()}
            assert out_of_sight == (len(colours & {COLOURS[thing.colour] for thing in things}) < 2)


@pytest.mark.parametrize("world", ["hidden", "bounces"])
def test_a_hidden_frame_shows_nothing_but_the_occluder(world):
    hidden = 0
    for row in clips(world):
        drawn = row["clip"].drawn
        empty = draw_frame([], drawn.occluder)
        assert len(row["labels"]) == len(row["hidden"]) == len(drawn.things) == row["clip"].count
        for frame, out_of_sight, label in zip(pixels(row), row["hidden"], row["labels"], strict=True):
            if out_of_sight:
                assert (frame == empty).all()
                assert label != NOTHING
            hidden += out_of_sight
    assert hidden > 20


def test_a_frame_has_the_class_of_the_shape_that_is_there():
    for row in clips("hidden"):
        drawn = row["clip"].drawn
        before = NOTHING
        for thing, label in zip(drawn.things, row["labels"], strict=True):
            name = None if thing is None else SHAPES[thing.shape]
            assert label in (NOTHING, name)
            if name is None:
                assert label == NOTHING
            elif before == name:
                assert label == name, "what was seen is remembered"
            elif label == name:
                whole = visible(thing._replace(x=SIDE // 2, y=SIDE // 2), None)
                assert 2 * visible(thing, drawn.occluder) >= whole
            before = label


def test_bounces_are_where_the_way_turns():
    for row in clips("bounces"):
        places = np.array([(thing.x, thing.y) for thing in row["clip"].drawn.things])
        assert places.min() >= RADIUS
        assert places.max() <= SIDE - 1 - RADIUS
        counts = [int(label) for label in row["labels"]]
        assert counts[0] == 0
        assert max(counts) <= 7
        turns = 0
        for axis in range(2):
            moves = np.sign(np.diff(places[:, axis]))
            moves = moves[moves != 0]
            turns += int((moves[1:] != moves[:-1]).sum())
        # A turn is seen a frame after it has happened, so one at the end of the clip may not be.
        assert counts[-1] - 2 <= turns <= counts[-1]


def test_two_discs_never_meet_without_a_collision():
    """They keep apart, what they have of momentum and energy stays, and a collision is where both turn."""
    hidden = collided = 0
    for row in clips("collisions"):
        drawn = row["clip"].drawn
        first, second = (np.array([thing.x for thing in things]) for things in (drawn.things, drawn.others))
        assert len({(thing.y, thing.colour) for thing in drawn.things}) == 1
        assert drawn.things[0].colour != drawn.others[0].colour
        assert (second - first).min() >= 2 * RADIUS + 1
        assert first.min() >= RADIUS
        assert second.max() <= SIDE - 1 - RADIUS
        counts = np.array([int(label) for label in row["labels"]])
        assert (counts[0], counts.max() <= 7, set(np.diff(counts)) <= {0, 1}) == (0, True, True)
        for frame in np.flatnonzero(np.diff(counts)):
            assert second[frame] - first[frame] <= 2 * RADIUS + 1 + 6, "two steps of the fastest"
        hidden += sum(row["hidden"])
        collided += int(counts[-1])
    assert hidden > 100
    assert collided > 80


def test_all_of_a_shape_can_be_seen_without_an_occluder():
    sizes = [visible(Thing(shape, 0, 16, 16), None) for shape in range(len(SHAPES))]
    assert len(set(sizes)) == len(SHAPES)
    assert sizes[SHAPES.index("square")] == (2 * RADIUS - 1) ** 2
    assert sizes[SHAPES.index("cross")] == 2 * 3 * (2 * RADIUS + 1) - 9
    assert visible(Thing(0, 0, 16, 16), Box(12, 12, 21, 21)) == 0
    assert visible(Thing(0, 0, -RADIUS - 1, 16), None) == 0
    assert math.isclose(sizes[0] / (math.pi * RADIUS**2), 1, abs_tol=0.2)


def test_another_size_is_the_same_picture():
    row = clips("hidden", train=1)[0]
    large = next(iter(row["clip"].frames(64))).pixels
    assert large.shape == (64, 64, 3)
    assert abs(large[::2, ::2].astype(int) - pixels(row)[0]).mean() < 3


def test_options_out_of_range():
    with pytest.raises(UserError, match="there is no world 'hiden'\ndid you mean: hidden"):
        GeneratedClips("hiden")
    with pytest.raises(UserError, match="at least 10 and at most 9 frames"):
        GeneratedClips(min_length=10, max_length=9)
    with pytest.raises(UserError, match="must be at least 1, found 0"):
        GeneratedClips(train=0)
