"""Changes of recordings in training: speed, noise, and masks over the features.

What is drawn is a function of (seed, epoch, sample) and of nothing else: the number of workers changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnbench.data.audio.features import Frames
from rnnbench.data.audio.recording import Samples
from rnnbench.errors import UserError

_LEAST_ENERGY = 1e-8


@dataclass(frozen=True)
class Augmentation:
    """How recordings are changed in training; by default not at all.

    Speed: T. Ko, V. Peddinti, D. Povey and S. Khudanpur, Audio Augmentation for Speech Recognition, Interspeech 2015.
    Masks: D. S. Park et al., SpecAugment, Interspeech 2019, without its time warping.

    Args:
        speeds: Factors of speed, pitch included, one of which is drawn each time, such as [0.9, 1, 1.1].
        noise: Share of recordings that get white noise.
        least_noise_db: Signal over noise of the faintest noise, in decibels.
        most_noise_db: Signal over noise of the loudest noise.
        frequency_masks: How many bands of features are masked.
        frequency_mask_size: Most features of one band.
        time_masks: How many stretches of time are masked.
        time_mask_size: Most frames of one stretch.
        time_mask_share: Most of a recording that one stretch may take.
    """

    speeds: tuple[float, ...] = (1.0,)
    noise: float = 0.0
    least_noise_db: float = 30.0
    most_noise_db: float = 10.0
    frequency_masks: int = 0
    frequency_mask_size: int = 10
    time_masks: int = 0
    time_mask_size: int = 40
    time_mask_share: float = 0.2

    # Not in __post_init__: the parser of the command line would take an error there for another type.
    def check(self) -> None:
        """Refuses values out of range.

        Raises:
            UserError: Names the option.
        """
        if not self.speeds or not all(0.5 <= speed <= 2 for speed in self.speeds):
            raise UserError(f"speeds lie in 0.5..2, found {list(self.speeds)}", where="data.augment.speeds")
        for name in ("noise", "time_mask_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"must be in 0..1, found {getattr(self, name)}", where=f"data.augment.{name}")
        for name in ("frequency_masks", "frequency_mask_size", "time_masks", "time_mask_size"):
            if getattr(self, name) < 0:
                raise UserError(f"must not be negative, found {getattr(self, name)}", where=f"data.augment.{name}")
        if self.least_noise_db < self.most_noise_db:
            raise UserError(
                f"the faintest noise has {self.least_noise_db} dB, the loudest {self.most_noise_db}",
                where="data.augment.least_noise_db",
                hint="a signal stands more decibels above a fainter noise",
            )

    @property
    def changes_samples(self) -> bool:
        """Whether the sound itself is changed, and not its features only."""
        return set(self.speeds) != {1.0} or self.noise > 0

    def samples(self, samples: Samples, random: np.random.Generator) -> Samples:
        """A recording at another speed and with noise.

        Args:
            samples: ``(N,)``.
            random: Where the numbers come from.
        """
        speed = self.speeds[random.integers(len(self.speeds))]
        if speed != 1:
            import soxr

            # Read as if it had been recorded faster: so many samples of it make one.
            samples = soxr.resample(samples, speed, 1.0)
        if random.random() < self.noise:
            decibels = random.uniform(self.most_noise_db, self.least_noise_db)
            energy = max(float(np.mean(samples**2, dtype=np.float64)), _LEAST_ENERGY)
            loudness = np.sqrt(energy / 10 ** (decibels / 10))
            samples = samples + np.float32(loudness) * random.standard_normal(len(samples), dtype=np.float32)
        return samples

    def frames(self, frames: Frames, random: np.random.Generator) -> Frames:
        """Normalised features with bands and stretches that are zero, which is their mean.

        Args:
            frames: ``(T, F)``.
            random: Where the numbers come from.
        """
        if not (self.frequency_masks or self.time_masks):
            return frames
        frames = frames.copy()
        steps, size = frames.shape
        for _ in range(self.frequency_masks):
            start, end = _band(size, min(self.frequency_mask_size, size), random)
            frames[:, start:end] = 0
        longest = min(self.time_mask_size, int(self.time_mask_share * steps))
        for _ in range(self.time_masks):
            start, end = _band(steps, longest, random)
            frames[start:end] = 0
        return frames


def _band(size: int, longest: int, random: np.random.Generator) -> tuple[int, int]:
    """Where a mask of 0 to ``longest`` places begins and ends."""
    width = int(random.integers(longest + 1))
    start = int(random.integers(size - width + 1))
    return start, start + width
