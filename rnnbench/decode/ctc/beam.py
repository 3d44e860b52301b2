"""Beam search over prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, log1p
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.decode.ctc.frames import frames_of
from rnnbench.decode.language import Fusion

# Frames that are sorted and made plain numbers at once.
_BLOCK = 256


class Hypothesis(NamedTuple):
    """A text that the search found.

    Args:
        tokens: Its tokens.
        score: What it is ranked by: the sum of the other two.
        acoustic: Logarithm of the sum of the probabilities of its paths that were followed.
        language: What the language model adds, with the end of the text; 0 without one.
    """

    tokens: list[int]
    score: float
    acoustic: float
    language: float


def beam_search(
    log_probs: ArrayLike,
    beam_size: int = 16,
    lm: Fusion | None = None,
    blank: int = 0,
    *,
    threshold: float = 15.0,
    label_threshold: float = 5.0,
    horizon: int = 100,
) -> list[Hypothesis]:
    """The best texts that a `BeamSearch` finds, best first.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``.
        beam_size: Number of prefixes kept at every frame.
        lm: What tokens add to the score.
        blank: Id of the blank.
        threshold: A prefix this much below the best is not kept, either; infinite for no threshold.
        label_threshold: A label this much below the best of its frame makes no new prefix; infinite for no threshold.
        horizon: Number of tokens of the best prefix that later frames can always change; at most twice as many can be.
    """
    search = BeamSearch(beam_size, lm, blank, threshold=threshold, label_threshold=label_threshold, horizon=horizon)
    search.feed(log_probs)
    return search.finish()


class BeamSearch:
    """Beam search over prefixes, for frames that come chunk by chunk; the chunks do not change the result.

    A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, ICML 2006, section 3.2, in the form that goes through the
    frames once (A. Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional
    Recurrent DNNs, arXiv 1408.2873, 2014). For a prefix y that ends in the token e, b_t(y) is the probability of its
    paths of t frames that end in the blank, n_t(y) of those that end in e, and p_t is the distribution at frame t::

        b_t(y)   = (b_{t-1}(y) + n_{t-1}(y)) p_t(blank)
        n_t(x e) = (n_{t-1}(x e) + g) p_t(e),    g = b_{t-1}(x)                  where x ends in e
                                                     b_{t-1}(x) + n_{t-1}(x)     otherwise

    After every frame the ``beam_size`` best prefixes are kept, by log (b + n) and what the language model adds. Of
    equal prefixes those that were kept go before new ones, and these by the rank of their beginning. Labels that cannot
    beat the worst prefix kept are not looked at, which changes no result. With a beam that is wide enough for all
    prefixes, without thresholds and within the horizon the search is exact; thresholds make it several times faster
    where the network is sure.

    The horizon makes the beginning of a long text final: prefixes that begin otherwise than the best are dropped.
    Without it, every doubt of the past would take a place in the beam for ever, and the memory of all that follows.

    It is written for few prefixes and few labels that matter, as a trained network leaves them: plain numbers are then
    several times faster than arrays.

    Args:
        beam_size: Number of prefixes kept at every frame.
        lm: What tokens add to the score.
        blank: Id of the blank.
        threshold: A prefix this much below the best is not kept, either; infinite for no threshold.
        label_threshold: A label this much below the best of its frame makes no new prefix; infinite for no threshold.
        horizon: Number of tokens of the best prefix that later frames can always change; at most twice as many can be.
    """

    def __init__(
        self,
        beam_size: int = 16,
        lm: Fusion | None = None,
        blank: int = 0,
        *,
        threshold: float = 15.0,
        label_threshold: float = 5.0,
        horizon: int = 100,
    ) -> None:
        if beam_size < 1:
            raise ValueError(f"beam_size must be at least 1, got {beam_size}")
        if not (threshold > 0 and label_threshold > 0):
            raise ValueError(f"thresholds must be above 0, got {threshold} and {label_threshold}")
        if horizon < 1:
            raise ValueError(f"horizon must be at least 1, got {horizon}")
        self._beam_size = beam_size
        self._threshold = threshold
        self._label_threshold = label_threshold
        self._lm = lm
        self._blank = blank
        self._horizon = horizon
        # The tokens that are final, and the prefix of them all, with which every prefix kept begins.
        self._final: list[int] = []
        self._root = root = _Prefix(None, blank, 0.0)
        root.total = root.ends_blank = 0.0
        root.kept = True
        if lm is not None:
            root.state, tokens = lm.start()
            root.added = tokens.tolist()
        self._beam = [root]

    def feed(self, log_probs: ArrayLike) -> None:
        """Reads the next frames.

        Args:
            log_probs: Log-probabilities of the labels, ``(T, V)``.
        """
        frames = frames_of(log_probs, self._blank)
        labels = np.delete(np.arange(frames.shape[1]), self._blank)
        for start in range(0, len(frames), _BLOCK):
            block = frames[start : start + _BLOCK]
            ranked = labels[np.argsort(-block[:, labels], axis=1, kind="stable")]
            for frame, order in zip(block.tolist(), ranked.tolist(), strict=True):
                self._read(frame, order)

    def partial(self) -> list[int]:
        """The best prefix of what was read so far; later frames may change it."""
        return self._final + self._beam[0].tokens()

    def finish(self) -> list[Hypothesis]:
        """The texts of what was read so far, best first; none where no text is possible."""
        self._look_ahead(self._beam)
        found = []
        for prefix in self._beam:
            language = prefix.language if self._lm is None else prefix.language + self._lm.end(prefix.state)
            if (score := prefix.total + language) > -inf:
                found.append(Hypothesis(self._final + prefix.tokens(), score, prefix.total, language))
        return sorted(found, key=lambda hypothesis: -hypothesis.score)

    def _read(self, frame: list[float], order: list[int]) -> None:
        """Reads one frame, (V,), with its labels from the most to the least probable, without the blank."""
        ranked = self._stay(frame)
        ranks = [entry[0] for entry in ranked]
        # What a new prefix must beat.
        floor = max(ranks) - self._threshold
        if len(ranks) == self._beam_size:
            floor = max(floor, min(ranks))
        ranked += self._grow(frame, order, floor)
        ranked.sort(key=_RANK, reverse=True)  # is stable
        del ranked[self._beam_size :]
        floor = ranked[0][0] - self._threshold
        while len(ranked) > 1 and (ranked[-1][0] < floor or ranked[-1][0] == -inf):
            ranked.pop()

        before, self._beam = self._beam, []
        for prefix in before:
            prefix.kept = False
        for _, prefix, label, total, ends_blank, ends_token, language in ranked:
            if label is not None:
                prefix = prefix.child(label, language)
            prefix.total, prefix.ends_blank, prefix.ends_token = total, ends_blank, ends_token
            prefix.kept = True
            self._beam.append(prefix)
        for prefix in before:
            if not prefix.kept:
                prefix.drop()
        if self._beam[0].length - self._root.length >= 2 * self._horizon:
            self._make_final(self._beam[0].beginning(self._beam[0].length - self._horizon))

    def _make_final(self, beginning: _Prefix) -> None:
        """Drops the prefixes that begin otherwise."""
        for prefix in self._beam:
            prefix.kept = prefix.length >= beginning.length and prefix.beginning(beginning.length) is beginning
        before, self._beam = self._beam, [prefix for prefix in self._beam if prefix.kept]
        for prefix in before:
            if not prefix.kept:
                prefix.drop()
        self._final += beginning.tokens()
        self._root = beginning
        beginning.parent = None

    def _stay(self, frame: list[float]) -> list[_Entry]:
        """The prefixes kept, with what their probabilities are after one more frame that adds no token."""
        at_blank = frame[self._blank]
        found: list[_Entry] = []
        for prefix in self._beam:
            ends_blank = prefix.total + at_blank
            ends_token = prefix.ends_token
            parent = prefix.parent
            if parent is not None and parent.kept:
                ends_token = _log_add(ends_token, parent.ends_blank if parent.last == prefix.last else parent.total)
            ends_token += frame[prefix.last]
            # As in _log_add: a call would take longer than the sum.
            high, low = (ends_blank, ends_token) if ends_blank > ends_token else (ends_token, ends_blank)
            total = high if low == -inf else high + log1p(exp(low - high))
            language = prefix.language
            found.append((total + language, prefix, None, total, ends_blank, ends_token, language))
        return found

    def _grow(self, frame: list[float], order: list[int], floor: float) -> list[_Entry]:
        """The new prefixes whose rank is above a floor."""
        if not order:
            return []
        best_label = frame[order[0]]
        least_label = max(best_label, frame[self._blank]) - self._label_threshold
        if best_label < least_label:
            return []
        most = 0.0 if self._lm is None else self._lm.most
        least = floor - most - best_label
        growing = [prefix for prefix in self._beam if prefix.total + prefix.language > least]
        self._look_ahead(growing)
        found: list[_Entry] = []
        for prefix in growing:
            least = floor - most - prefix.total - prefix.language
            for label in order:
                at_label = frame[label]
                if at_label <= least or at_label < least_label:
                    break
                child = prefix.children.get(label)
                if child is None or not child.kept:
                    # The same token once more needs a blank between.
                    total = (prefix.ends_blank if label == prefix.last else prefix.total) + at_label
                    language = prefix.language if prefix.added is None else prefix.language + prefix.added[label]
                    if total + language > floor:
                        found.append((total + language, prefix, label, total, -inf, total, language))
        return found

    def _look_ahead(self, prefixes: Sequence[_Prefix]) -> None:
        """Asks the language model what may follow these prefixes, where it has not been asked."""
        if self._lm is None:
            return
        wanted = [prefix for prefix in prefixes if prefix.added is None]
        if wanted:
            outlooks = self._lm.after([prefix.state for prefix in wanted], [prefix.last for prefix in wanted])
            for prefix, (state, tokens) in zip(wanted, outlooks, strict=True):
                prefix.state, prefix.added = state, tokens.tolist()


class _Prefix:
    """A prefix, linked to the prefix without its last token, so that none is ever copied.

    Args:
        parent: The prefix without the last token; None of the empty one, and of one that is final.
        last: The last token; the blank of the empty prefix.
        language: What the tokens add to the score.
    """

    __slots__ = (
        *("parent", "last", "length", "language", "children"),
        *("total", "ends_blank", "ends_token", "kept", "state", "added"),
    )

    def __init__(self, parent: _Prefix | None, last: int, language: float) -> None:
        self.parent = parent
        self.last = last
        self.length: int = 0 if parent is None else parent.length + 1
        self.language = language
        # Those in use: kept, or the beginning of one that is kept.
        self.children: dict[int, _Prefix] = {}
        self.total = self.ends_blank = self.ends_token = -inf
        self.kept = False
        # State of the language model after the prefix and what each label adds; the state before the last token while
        # that is not known.
        self.state: Any = None
        self.added: list[float] | None = None

    def child(self, label: int, language: float) -> _Prefix:
        """The prefix with one more token: the one that is in use, or a new one."""
        child = self.children.get(label)
        if child is None:
            child = self.children[label] = _Prefix(self, label, language)
        child.state = self.state
        return child

    def drop(self) -> None:
        """Frees what is only of use while the prefix is kept, and the prefix where no other begins with it."""
        self.state = self.added = None
        prefix = self
        while prefix.parent is not None and not prefix.kept and not prefix.children:
            prefix.parent.children.pop(prefix.last, None)  # it may have gone with one that began with it
            prefix = prefix.parent

    def beginning(self, length: int) -> _Prefix:
        """The prefix of its first tokens, which are not all final."""
        prefix = self
        while prefix.length > length and prefix.parent is not None:
            prefix = prefix.parent
        return prefix

    def tokens(self) -> list[int]:
        """Its tokens that are not final."""
        found, prefix = [], self
        while prefix.parent is not None:
            found.append(prefix.last)
            prefix = prefix.parent
        return found[::-1]


# Rank, the prefix that stays (then None) or grows (then the label), log (b + n), log b, log n, what the tokens add.
_Entry = tuple[float, _Prefix, int | None, float, float, float, float]
_RANK = itemgetter(0)


def _log_add(a: float, b: float) -> float:
    """Log (e^a + e^b)."""
    if a < b:
        a, b = b, a
    return a if b == -inf else a + log1p(exp(b - a))
