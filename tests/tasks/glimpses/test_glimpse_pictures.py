"""What pictures show, counted."""

import numpy as np
import pytest
from PIL import Image

from rnnbench.tasks.glimpses.animation import write_film
from rnnbench.tasks.glimpses.pictures import MOST, Seen, covered, draw_glimpses, draw_looked_at


def seen(looks=3, scales=2, right=None):
    random = np.random.default_rng(looks)
    places = random.uniform(-1, 1, (looks, 2))
    patches = random.random((looks, scales, 4, 4))
    return Seen(random.integers(256, size=(12, 12), dtype=np.uint8), places, patches, ["$1"] * looks, "$2", right)


def test_glimpses_are_counted_pixel_by_pixel():
    middles = np.array([[2.0, 2.0], [2.4, 2.0], [0.0, 6.0], [5.5, 3.0]])
    wanted = np.zeros((6, 6))
    for x, y in middles:
        for row in range(6):
            for column in range(6):
                left, top = round(x - 1.5), round(y - 1.5)
                wanted[row, column] += left <= column < left + 3 and top <= row < top + 3
    assert np.array_equal(covered(middles, 3, 6), wanted)


def test_places_are_counted_from_the_corner():
    one = Seen(np.zeros((10, 10), np.uint8), np.array([[-1.0, 1.0]]), np.zeros((1, 2, 4, 4)), ["1"], "1")
    assert one.middles.tolist() == [[0.0, 10.0]]
    assert one.corners(0, 0) == (-2.0, 8.0, 4.0)
    assert one.corners(0, 1) == (-4.0, 6.0, 8.0)


def test_pages_of_several_images(tmp_path):
    draw_glimpses(tmp_path / "a.png", [seen(), seen(right="$2"), seen(right="3")])
    draw_glimpses(tmp_path / "b.png", [seen()] * (MOST + 3))
    draw_looked_at(tmp_path / "c.png", [(str(i), np.eye(6), np.full((6, 6), i / 9)) for i in range(7)])
    first, second, third = (np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "abc")
    assert second.shape[0] > 4 * first.shape[0]
    # What is wrong is told in red.
    red = (first[..., 0] > 180) & (first[..., 1] < 60) & (first[..., 2] < 60)
    rows = np.flatnonzero(red.any(1))
    assert rows.min() > first.shape[0] * 0.6
    assert third.std() > 0


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_a_film_goes_look_by_look(name, tmp_path):
    one, other = seen(3, 1), seen(2, 2)
    write_film(tmp_path / name, [one])
    with Image.open(tmp_path / name) as film:
        frames = []
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.asarray(film.convert("L")).astype(int))
    assert len(frames) == 3
    assert film.size[0] > film.size[1], "the patches stand at the right"
    # What was looked at stays lit: the image grows lighter.
    inside = [frame[8:328, 8:328].mean() for frame in frames]
    assert inside == sorted(inside)
    write_film(tmp_path / name, [one] * MOST + [other])
    with Image.open(tmp_path / name) as film:
        assert film.n_frames <= 3 * MOST
