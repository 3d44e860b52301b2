"""Forced alignment: which frames belong to which token of a text that is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.decode.ctc.frames import frames_of


class Segment(NamedTuple):
    """A token and its frames.

    Args:
        token: The token.
        start_frame: Its first frame.
        end_frame: The frame after its last.
        score: Mean posterior probability of the token over its frames.
    """

    token: int
    start_frame: int
    end_frame: int
    score: float


def align(log_probs: ArrayLike, tokens: Sequence[int], blank: int = 0, window: int = 1024) -> list[Segment]:
    """The most probable path among those of a text (Viterbi).

    The trellis has the states ``blank, y_1, blank, y_2, ..., y_L, blank`` (A. Graves et al., ICML 2006, section 4.1). A
    path begins in one of the first two, ends in one of the last two, and stays, goes one on, or leaves out a blank
    between two tokens that differ. Of equal paths it is always the same one that is taken.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``.
        tokens: The text, without blanks, L tokens; it needs L frames and one more for every token that is repeated.
        blank: Id of the blank.
        window: Number of states that are followed at once, around the best: exact for texts of up to
            ``(window - 1) / 2`` tokens, and for an hour of speech what keeps memory (T x window bytes) bounded.

    Returns:
        A segment for each token, in order.
    """
    frames = frames_of(log_probs, blank)
    if window < 3:
        raise ValueError(f"window must be at least 3, got {window}")
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    if blank in states[1::2]:
        raise ValueError("the text to align holds a blank")
    needed = len(tokens) + sum(a == b for a, b in itertools.pairwise(tokens))
    if len(frames) < needed:
        raise ValueError(f"a text of {len(tokens)} tokens needs {needed} frames, found {len(frames)}")
    if not len(tokens):
        return []
    path = _best_states(frames, states, min(window, len(states)))
    found = []
    for place, token in enumerate(tokens):
        start, end = np.searchsorted(path, (2 * place + 1, 2 * place + 2))
        found.append(Segment(token, int(start), int(end), float(np.exp(frames[start:end, token]).mean())))
    return found


def _best_states(frames: np.ndarray, states: np.ndarray, window: int) -> np.ndarray:
    """The state of the best path at each frame, (T,)."""
    moves = np.empty((len(frames), window), dtype=np.int8)
    lowest = np.zeros(len(frames), dtype=np.int64)  # the first state of the window at each frame
    # Going two on leaves out a blank: never from a token to itself, and never from blank to blank.
    can_skip = np.zeros(len(states), dtype=bool)
    can_skip[3::2] = states[3::2] != states[1:-2:2]
    skip = np.where(can_skip, 0.0, -np.inf)
    scores = np.full(window, -np.inf)
    scores[:2] = frames[0, states[:2]]
    for t in range(1, len(frames)):
        # The window stays around the best state, and where the end can still be reached from.
        reached = len(states) - window - 2 * (len(frames) - 1 - t)
        centred = min(lowest[t - 1] + int(scores.argmax()) - window // 2, len(states) - window)
        lowest[t] = low = max(lowest[t - 1], centred, reached)
        shift = low - lowest[t - 1]
        before = np.full(window + 2, -np.inf)  # the scores of the states from low - 2 on
        from_old = scores[max(shift - 2, 0) :]
        before[max(2 - shift, 0) :][: len(from_old)] = from_old
        arrived = np.stack((before[2:], before[1:-1], before[:-2] + skip[low : low + window]))
        moves[t] = arrived.argmax(axis=0)
        scores = arrived.max(axis=0) + frames[t, states[low : low + window]]
    state = len(states) - 1 - int(scores[-2] >= scores[-1])
    if scores[state - lowest[-1]] == -np.inf:
        raise ValueError("no path of this text has a probability")
    path = np.empty(len(frames), dtype=np.int64)
    for t in range(len(frames) - 1, -1, -1):
        path[t] = state
        state -= int(moves[t, state - lowest[t]]) if t else 0
    return path
