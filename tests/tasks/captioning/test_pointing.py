import torch

from rnnbench.data.images.picture import Picture
from rnnbench.tasks.captioning.images import CaptionedImage, Named
from rnnbench.tasks.captioning.scores.pointing import count_pointed, touched


def image(*named):
    return CaptionedImage(Picture(b"x", "x"), ("a dog", "two dogs run"), 0, named=named)


def test_cells_that_touch_a_box():
    assert touched([(0.5, 0.0, 1.0, 0.5)], (2, 2)).tolist() == [False, True, False, False]
    assert touched([(0.4, 0.1, 0.6, 0.2)], (2, 2)).tolist() == [True, True, False, False]
    assert touched([(0.0, 0.0, 0.1, 0.1), (0.9, 0.9, 1.0, 1.0)], (2, 2)).tolist() == [True, False, False, True]
    assert touched([(0.0, 0.0, 1.0, 1.0)], (3, 5)).all()
    assert not touched([], (2, 2)).any()


def test_counts():
    left, right = (0.0, 0.0, 0.4, 1.0), (0.6, 0.0, 1.0, 1.0)
    first = image(Named(0, 1, (left,)), Named(1, 1, (right,)))
    second = image(Named(1, 2, (left, right)))
    weights = torch.zeros(5, 4, 4)
    weights[0, 1, 0] = 1.0  # the upper left cell: right
    weights[1, 1] = 0.25  # all are equal: the first, which is on the other side
    weights[4, 2, 3] = 1.0
    owner = torch.tensor([0, 0, 1, 2, 2])
    found = count_pointed(weights, owner, [first, None, second], (2, 2))
    assert found.tolist() == [[1, 2, 1.0], [0, 0, 0], [1, 1, 1.0]]
