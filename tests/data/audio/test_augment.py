import numpy as np
import pytest

from rnnbench.data.audio.augment import Augmentation
from rnnbench.errors import UserError


def random(seed=0):
    return np.random.default_rng(seed)


SAMPLES = np.sin(np.arange(8000) / 5).astype(np.float32)
FRAMES = np.ones((100, 40), dtype=np.float32)


def test_nothing_by_default():
    nothing = Augmentation()
    assert nothing.samples(SAMPLES, random()) is SAMPLES
    assert nothing.frames(FRAMES, random()) is FRAMES


@pytest.mark.parametrize("speed", [0.9, 1.1, 2.0])
def test_a_faster_recording_is_shorter_and_higher(speed):
    found = Augmentation(speeds=(speed,)).samples(SAMPLES, random())
    assert abs(len(found) - len(SAMPLES) / speed) <= 1
    heard = np.abs(np.fft.rfft(found)).argmax() / len(found)
    said = np.abs(np.fft.rfft(SAMPLES)).argmax() / len(SAMPLES)
    assert heard == pytest.approx(said * speed, rel=0.02)


def test_noise_is_as_loud_as_asked():
    found = Augmentation(noise=1.0, least_noise_db=10, most_noise_db=10).samples(SAMPLES, random())
    noise = found - SAMPLES
    assert 10 * np.log10((SAMPLES**2).mean() / (noise**2).mean()) == pytest.approx(10, abs=0.3)


def test_masks_are_bands_of_zeros():
    masks = Augmentation(frequency_masks=1, frequency_mask_size=10, time_masks=1, time_mask_share=0.2)
    widths, lengths = set(), set()
    for seed in range(200):
        found = masks.frames(FRAMES, random(seed))
        bands, stretches = (found == 0).all(0), (found == 0).all(1)
        assert np.array_equal(found == 0, stretches[:, None] | bands[None, :])
        for marks in (bands, stretches):
            assert (np.diff(np.flatnonzero(marks)) == 1).all()
        widths.add(int(bands.sum()))
        lengths.add(int(stretches.sum()))
    assert widths == set(range(11))
    assert max(lengths) == 20
    assert FRAMES.all(), "the features themselves stay"


def test_the_same_generator_changes_the_same():
    change = Augmentation(speeds=(0.9, 1.0, 1.1), noise=0.5, time_masks=2)
    assert np.array_equal(change.samples(SAMPLES, random(3)), change.samples(SAMPLES, random(3)))
    assert np.array_equal(change.frames(FRAMES, random(3)), change.frames(FRAMES, random(3)))


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"speeds": ()}, "speeds"),
        ({"speeds": (0.1,)}, "speeds"),
        ({"noise": 2.0}, "noise"),
        ({"time_masks": -1}, "time_masks"),
        ({"least_noise_db": 5.0}, "least_noise_db"),
    ],
)
def test_options_out_of_range(options, where):
    with pytest.raises(UserError, match=f"data.augment.{where}"):
        Augmentation(**options).check()
