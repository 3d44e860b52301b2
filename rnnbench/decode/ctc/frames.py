"""What a decoder reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def frames_of(log_probs: ArrayLike, blank: int) -> np.ndarray:
    """The frames in float64, checked.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``: an array, or a tensor on the CPU.
        blank: Id of the blank.
    """
    frames = np.asarray(log_probs, dtype=np.float64)
    if frames.ndim != 2:
        raise ValueError(f"log_probs must be (frames, labels), got shape {frames.shape}")
    if not 0 <= blank < frames.shape[1]:
        raise ValueError(f"blank must be an id from 0 to {frames.shape[1] - 1}, got {blank}")
    if np.isnan(frames).any():
        raise ValueError(f"log_probs are not numbers in frame {int(np.isnan(frames).any(axis=1).argmax())}")
    return frames
