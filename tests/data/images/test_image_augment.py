import numpy as np
import pytest

from rnnbench.data.images.augment import ImageAugmentation
from rnnbench.errors import UserError

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def changed(seed=0, may_flip=True, **options):
    return ImageAugmentation(**options).change(PIXELS, np.random.default_rng(seed), may_flip)


def test_nothing_changes_nothing():
    assert (changed() == PIXELS).all()


def test_half_of_them_are_mirrored_where_that_means_the_same():
    mirrored = [bool((changed(seed, flip=True) == PIXELS[:, ::-1]).all()) for seed in range(200)]
    assert 70 < sum(mirrored) < 130
    assert all((changed(seed, may_flip=False, flip=True) == PIXELS).all() for seed in range(20))


def test_light_and_crop_keep_size_and_kind():
    for seed in range(20):
        made = changed(seed, crop=0.5, light=0.3, flip=True)
        assert (made.shape, made.dtype) == (PIXELS.shape, np.uint8)
    assert (changed(1, crop=0.5) == changed(1, crop=0.5)).all()
    assert (changed(1, crop=0.5) != changed(2, crop=0.5)).any()


def test_a_crop_is_a_part_of_the_image():
    ramp = np.repeat(np.arange(0, 240, 20, dtype=np.uint8)[None, :, None], 12, 0).repeat(3, 2)
    for seed in range(20):
        row = ImageAugmentation(crop=0.5).change(ramp, np.random.default_rng(seed))[5, :, 0].astype(int)
        assert (np.diff(row) >= 0).all()
        assert 95 <= row[-1] - row[0] <= 220


@pytest.mark.parametrize("options", [{"crop": 0.0}, {"crop": 1.1}, {"light": 1.0}, {"light": -0.1}])
def test_out_of_range(options):
    with pytest.raises(UserError, match=f"data.augment.{next(iter(options))}"):
        ImageAugmentation(**options).check()
