"""Features of speech by Kaldi's conventions: log-mel filter banks and cepstral coefficients.

A frame is 25 ms, one begins every 10 ms, and only whole frames count (``snip_edges``); there is no dither, so features
are a function of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.audio.recording import Samples
from rnnbench.errors import UserError

Frames = NDArray[np.float32]
"""Features ``(T, F)``."""

# Kaldi reads samples as whole numbers of 16 bits.
_SCALE = 32768.0
_FLOOR = 1e-3
# Half the width of the window over which a derivative is estimated, as in Kaldi.
_REACH = 2


@dataclass(frozen=True)
class Features:
    """Which features are computed of a recording.

    Args:
        kind: Logarithms of the energies of a mel filter bank, or cepstral coefficients of them (13, the first one being
            the log energy).
        sample_rate: Samples a second that recordings are converted to.
        num_bins: Number of filters.
        energy: Whether the log energy of the frame comes before the filter bank; the coefficients always have it.
        deltas: How many derivatives in time stand beside the values: 0, 1 or 2.
        frame_ms: Length of a frame in milliseconds.
        shift_ms: Time from one frame to the next in milliseconds.
        normalize: Over what mean and variance are taken that are made 0 and 1: each recording, all recordings of a
            speaker in the split, or the training split, whose statistics the checkpoint keeps; or neither.
    """

    kind: Literal["fbank", "mfcc"] = "fbank"
    sample_rate: int = 16000
    num_bins: int = 40
    energy: bool = False
    deltas: int = 0
    frame_ms: float = 25.0
    shift_ms: float = 10.0
    normalize: Literal["utterance", "speaker", "global", "none"] = "utterance"

    # Not in __post_init__: the parser of the command line would take an error there for another type.
    def check(self) -> None:
        """Refuses values out of range.

        Raises:
            UserError: Names the option.
        """
        least: dict[str, float] = {"sample_rate": 1000, "num_bins": 4, "deltas": 0, "frame_ms": 1, "shift_ms": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise UserError(f"must be at least {low}, found {getattr(self, name)}", where=f"data.features.{name}")
        if self.deltas > 2:
            raise UserError(f"must be 0, 1 or 2, found {self.deltas}", where="data.features.deltas")
        if self.kind == "mfcc" and (self.num_bins < 13 or self.energy):
            raise UserError(
                "13 cepstral coefficients need 13 filters, and have the energy among them",
                where="data.features.kind",
                hint="num_bins: 23, energy: false",
            )

    @property
    def size(self) -> int:
        """Width F."""
        return (13 if self.kind == "mfcc" else self.num_bins + self.energy) * (1 + self.deltas)

    def num_frames(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of whole frames.

        Args:
            samples: Numbers of samples, any shape.
        """
        length, shift = (int(self.sample_rate * 0.001 * ms) for ms in (self.frame_ms, self.shift_ms))
        return np.maximum(0, 1 + (samples - length) // shift)

    def compute(self, samples: Samples) -> Frames:
        """Features of a recording, not normalised.

        Args:
            samples: ``(N,)`` at `sample_rate`.

        Returns:
            ``(T, F)``; T is 0 where the recording is shorter than a frame.
        """
        stream = FeatureStream(self)
        return self.with_deltas(np.concatenate([stream.accept(samples), stream.finish()]))

    def with_deltas(self, frames: Frames) -> Frames:
        """Values with their derivatives beside them.

            d_t = sum_k k (x_{t+k} - x_{t-k}) / (2 sum_k k^2),   k = 1, 2

        Kaldi takes the second derivative by convolving this window with itself, which at the edges is not the same as
        deriving twice.

        Args:
            frames: ``(T, F)``.
        """
        parts = [frames]
        for order in range(1, self.deltas + 1):
            window = _delta_window(order)
            reach = len(window) // 2
            padded = np.pad(frames, ((reach, reach), (0, 0)), mode="edge") if len(frames) else frames
            parts.append(sum(w * padded[k : k + len(frames)] for k, w in enumerate(window)))
        return np.concatenate(parts, axis=1).astype(np.float32)


class FeatureStream:
    """The same features while the samples come in, without derivatives.

    Args:
        features: Which ones.
    """

    def __init__(self, features: Features) -> None:
        self._features = features
        self._extractor = _extractor(features)
        self._given = 0

    def accept(self, samples: Samples) -> Frames:
        """Takes the next samples ``(N,)``, and gives all frames ``(T, F)`` that they complete."""
        self._extractor.accept_waveform(self._features.sample_rate, samples * np.float32(_SCALE))
        return self._ready()

    def finish(self) -> Frames:
        """The frames that come with the end."""
        self._extractor.input_finished()
        return self._ready()

    def _ready(self) -> Frames:
        count = self._extractor.num_frames_ready
        if count == self._given:
            return np.zeros((0, self._extractor.dim), dtype=np.float32)
        # A frame is a view into memory that `pop` gives back: `stack` copies it before.
        frames = np.stack([self._extractor.get_frame(i) for i in range(self._given, count)])
        self._extractor.pop(len(frames))
        self._given = count
        return frames


def statistics(sums: NDArray[np.float64], squares: NDArray[np.float64], count: int) -> tuple[Frames, Frames]:
    """Mean and standard deviation.

    Args:
        sums: Sum of the frames ``(F,)``.
        squares: Sum of their squares ``(F,)``.
        count: Number of frames.
    """
    mean = sums / max(count, 1)
    variance = np.maximum(squares / max(count, 1) - mean**2, 0)
    # What never changes, such as silence, becomes zero and not a quotient of rounding errors.
    return mean.astype(np.float32), np.maximum(np.sqrt(variance), _FLOOR).astype(np.float32)


def moments(frames: Frames) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum of frames ``(T, F)`` and of their squares, each ``(F,)``."""
    exact = frames.astype(np.float64)
    return exact.sum(0), (exact**2).sum(0)


def normalized(frames: Frames, mean: Frames, deviation: Frames) -> Frames:
    """Frames ``(T, F)`` less their mean ``(F,)``, over the standard deviation ``(F,)``."""
    return (frames - mean) / deviation


def _delta_window(order: int) -> NDArray[np.float64]:
    window = np.ones(1)
    one = np.arange(-_REACH, _REACH + 1) / sum(2 * k * k for k in range(1, _REACH + 1))
    for _ in range(order):
        window = np.convolve(window, one)
    return window


def _extractor(features: Features) -> Any:
    import kaldi_native_fbank

    mel = features.kind == "fbank"
    options = kaldi_native_fbank.FbankOptions() if mel else kaldi_native_fbank.MfccOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = features.sample_rate
    options.frame_opts.frame_length_ms = features.frame_ms
    options.frame_opts.frame_shift_ms = features.shift_ms
    options.mel_opts.num_bins = features.num_bins
    if not mel:
        return kaldi_native_fbank.OnlineMfcc(options)
    options.use_energy = features.energy
    return kaldi_native_fbank.OnlineFbank(options)
