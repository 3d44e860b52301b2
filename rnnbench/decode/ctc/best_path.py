"""The text of the most probable path: the best label at every frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.decode.ctc.frames import frames_of


def best_path(log_probs: ArrayLike, blank: int = 0) -> list[int]:
    """The best label of every frame, repeats merged, blanks taken out. Of equal labels the lowest id is taken.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``.
        blank: Id of the blank.
    """
    return BestPath(blank).feed(log_probs)


class BestPath:
    """Best path of frames that come chunk by chunk; the chunks do not change the result.

    Args:
        blank: Id of the blank.
    """

    def __init__(self, blank: int = 0) -> None:
        self._blank = blank
        self._last = blank

    def feed(self, log_probs: ArrayLike) -> list[int]:
        """Reads the next frames.

        Args:
            log_probs: Log-probabilities of the labels, ``(T, V)``.

        Returns:
            The tokens that begin in them; no later frame changes these.
        """
        frames = frames_of(log_probs, self._blank)
        path = np.concatenate(([self._last], frames.argmax(axis=1)))
        self._last = int(path[-1])
        begins = (path[1:] != path[:-1]) & (path[1:] != self._blank)
        return path[1:][begins].tolist()
