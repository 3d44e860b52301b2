"""Features against a plain writing-down of Kaldi's conventions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.data.audio.features import Features, FeatureStream, moments, normalized, statistics
from rnnbench.errors import UserError


def speech(seconds=0.7, rate=16000, seed=0):
    """Harmonics that glide, and noise."""
    random = np.random.RandomState(seed)
    times = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * (120 * times + 40 * times**2)
    tones = sum(np.sin(k * phase) / k for k in range(1, 12))
    return (0.2 * tones * np.sin(9 * times) + 0.01 * random.standard_normal(len(times))).astype(np.float32)


def mel(hertz):
    return 1127 * np.log(1 + hertz / 700)


def by_definition(samples, features: Features):
    """Log energies of mel filters (T, F), and the log energy of each frame (T,), in float64."""
    rate = features.sample_rate
    length, shift = (int(rate * 0.001 * ms) for ms in (features.frame_ms, features.shift_ms))
    points = 1 << (length - 1).bit_length()
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length - 1))) ** 0.85
    edges = np.linspace(mel(20), mel(rate / 2), features.num_bins + 2)
    places = mel(np.arange(points // 2) * rate / points)
    filters = [
        np.clip(np.minimum((places - low) / (middle - low), (high - places) / (high - middle)), 0, None)
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    bank, energies = [], []
    for start in range(0, len(samples) - length + 1, shift):
        frame = samples[start : start + length].astype(np.float64) * 32768
        frame -= frame.mean()
        energies.append(np.log(max((frame**2).sum(), np.finfo(np.float32).eps)))
        frame = np.append(frame[0] - 0.97 * frame[0], frame[1:] - 0.97 * frame[:-1]) * window
        power = np.abs(np.fft.rfft(frame, points)[: points // 2]) ** 2
        bank.append(np.log(np.maximum(np.array(filters) @ power, np.finfo(np.float32).eps)))
    return np.array(bank), np.array(energies)


@pytest.mark.parametrize(("rate", "bins"), [(16000, 40), (8000, 23), (16000, 80)])
def test_filter_banks_are_those_of_the_definition(rate, bins):
    features = Features(sample_rate=rate, num_bins=bins)
    samples = speech(rate=rate)
    expected, _ = by_definition(samples, features)
    found = features.compute(samples)
    assert found.shape == expected.shape == (int(features.num_frames(np.array(len(samples)))), features.size)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)


def test_energy_comes_first():
    features = Features(energy=True, num_bins=40)
    expected, energies = by_definition(speech(), features)
    found = features.compute(speech())
    np.testing.assert_allclose(found[:, 0], energies, atol=1e-3)
    np.testing.assert_allclose(found[:, 1:], expected, atol=2e-3)


def test_cepstral_coefficients_are_those_of_the_definition():
    features = Features(kind="mfcc", num_bins=23)
    bank, energies = by_definition(speech(), features)
    place = np.arange(23) + 0.5
    cosines = np.array([np.sqrt((1 if k == 0 else 2) / 23) * np.cos(np.pi * k * place / 23) for k in range(13)])
    expected = bank @ cosines.T * (1 + 11 * np.sin(np.pi * np.arange(13) / 22))
    expected[:, 0] = energies
    np.testing.assert_allclose(features.compute(speech()), expected, atol=2e-2)


def test_derivatives_are_those_of_the_definition():
    features = Features(deltas=2)
    still = Features().compute(speech())
    found = features.compute(speech())
    assert found.shape[1] == features.size == 3 * still.shape[1]
    size = len(still)

    def derived(x, reach):
        def at(t):
            return x[np.clip(t, 0, size - 1)]

        return np.array([sum(k * at(t + k) for k in range(-2, 3)) / 10 for t in range(-reach, size + reach)])

    np.testing.assert_allclose(found[:, 40:80], derived(still, 0), atol=1e-4)
    # The second one derives the first, which goes on beyond the edges where the values stand still.
    first = derived(still, 2)
    second = np.array([sum(k * first[t + 2 + k] for k in range(-2, 3)) / 10 for t in range(size)])
    np.testing.assert_allclose(found[:, 80:], second, atol=1e-4)


@given(cuts=st.lists(st.integers(0, 11200), max_size=6))
@settings(max_examples=20)
def test_blocks_change_nothing(cuts):
    samples = speech()
    stream = FeatureStream(Features())
    parts = [stream.accept(part) for part in np.split(samples, sorted(cuts))]
    assert np.array_equal(np.concatenate([*parts, stream.finish()]), Features().compute(samples))


@pytest.mark.parametrize("samples", [0, 1, 399])
def test_less_than_a_frame(samples):
    assert Features().compute(np.zeros(samples, dtype=np.float32)).shape == (0, 40)
    assert int(Features().num_frames(np.array(samples))) == 0


def test_silence_has_finite_features_and_becomes_zero():
    frames = Features().compute(np.zeros(16000, dtype=np.float32))
    assert np.isfinite(frames).all()
    assert not normalized(frames, *statistics(*moments(frames), len(frames))).any()


def test_normalized_features_have_mean_zero_and_variance_one():
    frames = Features().compute(speech())
    found = normalized(frames, *statistics(*moments(frames), len(frames)))
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(0), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"sample_rate": 10}, "sample_rate"),
        ({"num_bins": 1}, "num_bins"),
        ({"deltas": 3}, "deltas"),
        ({"kind": "mfcc", "num_bins": 12}, "kind"),
    ],
)
def test_options_out_of_range(options, where):
    with pytest.raises(UserError, match=f"data.features.{where}"):
        Features(**options).check()
