"""Beam search over prefixes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.decode.ctc.frames import frames_of
from rnnbench.decode.ctc.prefixes import ROOT, Prefixes


class Hypothesis(NamedTuple):
    """A text that the search found.

    Args:
        tokens: Its tokens.
        score: What it was ranked by: the sum of the other two.
        acoustic: Logarithm of the sum of the probabilities of its paths that were followed.
        language: What the language model adds; 0 without one.
    """

    tokens: list[int]
    score: float
    acoustic: float
    language: float


def beam_search(log_probs: ArrayLike, beam_size: int = 16, blank: int = 0) -> list[Hypothesis]:
    """The most probable texts, best first.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``.
        beam_size: Number of prefixes kept at every frame.
        blank: Id of the blank.
    """
    search = BeamSearch(beam_size, blank)
    search.feed(log_probs)
    return search.finish()


class BeamSearch:
    """Beam search over prefixes, for frames that come chunk by chunk; the chunks do not change the result.

    A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, ICML 2006, section 3.2, in the form that goes through the
    frames once (A. Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional
    Recurrent DNNs, arXiv 1408.2873, 2014). For a prefix y that ends in the token e, b_t(y) is the probability of its
    paths of t frames that end in the blank, n_t(y) of those that end in e, and p_t is the distribution at frame t::

        b_t(y)   = (b_{t-1}(y) + n_{t-1}(y)) p_t(blank)
        n_t(y)   = n_{t-1}(y) p_t(e) + grown_t(y)
        grown_t(x e) = p_t(e) (b_{t-1}(x) + n_{t-1}(x)     where x does not end in e, otherwise b_{t-1}(x))

    After every frame the ``beam_size`` best prefixes by b + n are kept; a beam that is wide enough for all of them
    makes the search exact. Of equal prefixes, those already kept go before new ones, and lower token ids before higher.

    Args:
        beam_size: Number of prefixes kept at every frame.
        blank: Id of the blank.
    """

    def __init__(self, beam_size: int = 16, blank: int = 0) -> None:
        if beam_size < 1:
            raise ValueError(f"beam_size must be at least 1, got {beam_size}")
        self._beam_size = beam_size
        self._blank = blank
        self._prefixes = Prefixes()
        # One entry for each prefix kept (K,): its node, its last token, log b, log n, log (b + n), and the place of its
        # parent among the prefixes kept, which is -1 where the parent is not kept.
        self._nodes = np.array([ROOT])
        self._last = np.array([blank])
        self._ends_blank = np.zeros(1)
        self._ends_token = np.full(1, -np.inf)
        self._total = np.zeros(1)
        self._parent = np.array([-1])

    def feed(self, log_probs: ArrayLike) -> None:
        """Reads the next frames.

        Args:
            log_probs: Log-probabilities of the labels, ``(T, V)``.
        """
        for frame in frames_of(log_probs, self._blank):
            self._read(frame)

    def finish(self) -> list[Hypothesis]:
        """The prefixes kept, best first."""
        order = np.argsort(-self._total, kind="stable")
        return [
            Hypothesis(self._prefixes.tokens(int(self._nodes[k])), score := float(self._total[k]), score, 0.0)
            for k in order
        ]

    def _read(self, frame: np.ndarray) -> None:
        """One frame, (V,)."""
        last = self._last
        at_last = frame[last]
        # Log-probability of growing by the own last token, which needs a blank between, or by another one.
        kept_blank = self._total + frame[self._blank]
        grown = np.where(last == last[self._parent], self._ends_blank[self._parent], self._total[self._parent])
        grown = np.where(self._parent >= 0, grown + at_last, -np.inf)
        kept_token = np.logaddexp(self._ends_token + at_last, grown)
        kept = np.logaddexp(kept_blank, kept_token)

        # Where the beam is full, a new prefix must beat the worst of those kept.
        full = len(kept) == self._beam_size
        promising = frame > kept.min() - self._total.max() if full else frame > -np.inf
        promising[self._blank] = False
        labels = np.flatnonzero(promising)
        if not len(labels):
            self._ends_blank, self._ends_token, self._total = kept_blank, kept_token, kept
            return

        column = np.full(len(frame), -1)
        column[labels] = np.arange(len(labels))
        new = self._total[:, None] + frame[labels]
        rows = np.flatnonzero(column[last] >= 0)
        new[rows, column[last[rows]]] = self._ends_blank[rows] + at_last[rows]
        # What is kept already has been counted there.
        rows = np.flatnonzero((self._parent >= 0) & (column[last] >= 0))
        new[self._parent[rows], column[last[rows]]] = -np.inf

        chosen = _best(np.concatenate((kept, new.ravel())), self._beam_size)
        stays = chosen[chosen < len(kept)]
        grows = chosen[chosen >= len(kept)] - len(kept)
        parents, columns = np.divmod(grows, len(labels))
        tokens = labels[columns]
        children = [
            self._prefixes.child(node, token)
            for node, token in zip(self._nodes[parents].tolist(), tokens.tolist(), strict=True)
        ]
        scores = new[parents, columns]
        self._nodes = np.concatenate((self._nodes[stays], np.array(children, dtype=np.int64)))
        self._last = np.concatenate((last[stays], tokens))
        self._ends_blank = np.concatenate((kept_blank[stays], np.full(len(grows), -np.inf)))
        self._ends_token = np.concatenate((kept_token[stays], scores))
        self._total = np.concatenate((kept[stays], scores))
        self._nodes = self._prefixes.compact(self._nodes)
        same = self._prefixes.parents(self._nodes)[:, None] == self._nodes
        self._parent = np.where(same.any(axis=1), same.argmax(axis=1), -1)


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Places of the highest scores, of equal ones the first, in order of place; never one that is impossible."""
    if len(scores) > count:
        least = np.partition(scores, -count)[-count]
        places = np.flatnonzero(scores >= least)
        if len(places) > count:
            places = np.sort(places[np.argsort(-scores[places], kind="stable")[:count]])
    else:
        places = np.arange(len(scores))
    return places[scores[places] > -np.inf]
