import numpy as np
import pytest
import torch
from PIL import Image

from rnnbench.tasks.base.pictures import best_median_worst
from rnnbench.tasks.captioning.pictures import Judged, Seen, _lit, draw_attention, draw_sheet

PIXELS = np.full((8, 8, 3), 200, dtype=np.uint8)


def size(path):
    with Image.open(path) as image:
        return image.size


@pytest.mark.slow
def test_attention_of_short_and_long_captions(tmp_path):
    short = Seen(PIXELS, ["a"], torch.ones(1, 2, 2) / 4)
    long = Seen(PIXELS, ["word"] * 20, torch.ones(20, 2, 2) / 4)
    draw_attention(tmp_path / "short.png", [short])
    draw_attention(tmp_path / "both.png", [short, long])
    (narrow, low), (wide, high) = size(tmp_path / "short.png"), size(tmp_path / "both.png")
    assert wide > 3 * narrow
    assert high == pytest.approx(4 * low, rel=0.1), "three rows of nine"
    draw_attention(tmp_path / "none.png", [])
    draw_attention(tmp_path / "many.png", [short] * 99)
    assert size(tmp_path / "many.png")[1] == pytest.approx(16 * low, rel=0.1)


def test_the_brightest_place_is_where_the_weight_is():
    grid = torch.tensor([[0.0, 0.6], [0.3, 0.1]])
    lit = _lit(PIXELS, grid).astype(int)[..., 0]
    assert np.unravel_index(lit.argmax(), lit.shape) in {(y, x) for y in range(4) for x in range(4, 8)}
    assert lit[0, 0] < lit[7, 7] < lit[7, 0] < lit[0, 7]
    assert (_lit(PIXELS, torch.zeros(2, 2)) == 40).all()


def test_a_sheet_takes_any_text(tmp_path):
    odd = Judged(PIXELS, "", "$x_1$ 中文 " + "long " * 40, 0.5)
    draw_sheet(tmp_path / "sheet.png", [("best", [odd, odd]), ("worst", [odd])])
    assert size(tmp_path / "sheet.png")[0] > 200


def test_best_median_and_worst_share_nothing():
    assert best_median_worst([3.0, 1.0, 2.0, 5.0, 4.0, 0.0], 2) == [
        ("best", [3, 4]), ("median", [0, 2]), ("worst", [1, 5])
    ]  # fmt: skip
    for count in range(12):
        groups = best_median_worst([float(i) for i in range(count)], 3)
        numbers = [i for _, group in groups for i in group]
        assert len(numbers) == len(set(numbers))
        assert len(numbers) >= min(count, 3)
