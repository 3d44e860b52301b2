"""Beam search over prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.decode.ctc.frames import frames_of
from rnnbench.decode.ctc.prefixes import ROOT, Prefixes
from rnnbench.decode.language import Fusion, Outlook


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
    log_probs: ArrayLike, beam_size: int = 16, lm: Fusion | None = None, blank: int = 0
) -> list[Hypothesis]:
    """The best texts that a `BeamSearch` finds, best first.

    Args:
        log_probs: Log-probabilities of the labels at each frame, ``(T, V)``.
        beam_size: Number of prefixes kept at every frame.
        lm: What tokens add to the score.
        blank: Id of the blank.
    """
    search = BeamSearch(beam_size, lm, blank)
    search.feed(log_probs)
    return search.finish()


class _Beam(NamedTuple):
    """The prefixes kept, one entry for each.

    Args:
        nodes: Their nodes, (K,).
        last: Their last tokens, (K,); the blank where there is none.
        parents: Place among them of the prefix without the last token, (K,); -1 where it is not kept.
        blank: log b, (K,).
        token: log n, (K,).
        total: log (b + n), (K,).
        language: What the tokens added, (K,).
    """

    nodes: np.ndarray
    last: np.ndarray
    parents: np.ndarray
    blank: np.ndarray
    token: np.ndarray
    total: np.ndarray
    language: np.ndarray


class BeamSearch:
    """Beam search over prefixes, for frames that come chunk by chunk; the chunks do not change the result.

    A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, ICML 2006, section 3.2, in the form that goes through the
    frames once (A. Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional
    Recurrent DNNs, arXiv 1408.2873, 2014). For a prefix y that ends in the token e, b_t(y) is the probability of its
    paths of t frames that end in the blank, n_t(y) of those that end in e, and p_t is the distribution at frame t::

        b_t(y)   = (b_{t-1}(y) + n_{t-1}(y)) p_t(blank)
        n_t(x e) = (n_{t-1}(x e) + g) p_t(e),    g = b_{t-1}(x)                  where x ends in e
                                                     b_{t-1}(x) + n_{t-1}(x)     otherwise

    After every frame the ``beam_size`` best prefixes are kept, by log (b + n) and what the language model adds. A beam
    that is wide enough for all of them makes the search exact. Of equal prefixes those that were kept go before new
    ones, and then by the place of their beginning and by token. Nothing else is pruned: labels that cannot beat the
    worst prefix kept are not looked at, and this changes no result.

    Args:
        beam_size: Number of prefixes kept at every frame.
        lm: What tokens add to the score.
        blank: Id of the blank.
    """

    def __init__(self, beam_size: int = 16, lm: Fusion | None = None, blank: int = 0) -> None:
        if beam_size < 1:
            raise ValueError(f"beam_size must be at least 1, got {beam_size}")
        self._beam_size = beam_size
        self._blank = blank
        self._prefixes = Prefixes()
        self._beam = _Beam(
            nodes=np.array([ROOT]),
            last=np.array([blank]),
            parents=np.array([-1]),
            blank=np.zeros(1),
            token=np.full(1, -np.inf),
            total=np.zeros(1),
            language=np.zeros(1),
        )
        self._outlooks = None if lm is None else _Outlooks(lm)

    def feed(self, log_probs: ArrayLike) -> None:
        """Reads the next frames.

        Args:
            log_probs: Log-probabilities of the labels, ``(T, V)``.
        """
        for frame in frames_of(log_probs, self._blank):
            self._read(frame)

    def partial(self) -> list[int]:
        """The best prefix of what was read so far; later frames may change it."""
        beam = self._beam
        return self._prefixes.tokens(int(beam.nodes[(beam.total + beam.language).argmax()]))

    def finish(self) -> list[Hypothesis]:
        """The texts of what was read so far, best first; none where no text is possible."""
        beam = self._beam
        language = beam.language if self._outlooks is None else beam.language + self._outlooks.ends()
        scores = beam.total + language
        return [
            Hypothesis(
                self._prefixes.tokens(int(beam.nodes[k])), float(scores[k]), float(beam.total[k]), float(language[k])
            )
            for k in np.argsort(-scores, kind="stable")
            if scores[k] > -np.inf
        ]

    def _read(self, frame: np.ndarray) -> None:
        """Reads one frame, (V,)."""
        beam, kept = self._beam, self._stay(frame)
        ranks = kept.total + kept.language
        # Once the beam is full, a new prefix must beat the worst of those kept.
        worst = ranks.min() if len(ranks) == self._beam_size else -np.inf
        most = beam.total + beam.language + (self._outlooks.most if self._outlooks else 0.0)
        promising = most.max() + frame > worst
        promising[self._blank] = False
        labels = np.flatnonzero(promising)
        if not len(labels):
            self._beam = kept
            return
        rows = np.flatnonzero(most + frame[labels].max() > worst)
        total = self._grow(frame, rows, labels)
        added = self._outlooks.added(rows, labels) if self._outlooks else np.zeros_like(total)
        language = beam.language[rows, None] + added
        chosen = _best(np.concatenate((ranks, (total + language).ravel())), self._beam_size)
        stay = chosen[chosen < len(ranks)]
        row, column = np.divmod(chosen[chosen >= len(ranks)] - len(ranks), len(labels))
        if not len(row):
            self._beam = kept
            return
        if self._outlooks:
            self._outlooks.follow(stay, rows[row], labels[column])
        nodes = self._prefixes.children(beam.nodes[rows[row]], labels[column])
        nodes = self._prefixes.compact(np.concatenate((beam.nodes[stay], nodes)))
        is_parent = self._prefixes.parents(nodes)[:, None] == nodes
        self._beam = _Beam(
            nodes=nodes,
            last=np.concatenate((beam.last[stay], labels[column])),
            parents=np.where(is_parent.any(axis=1), is_parent.argmax(axis=1), -1),
            blank=np.concatenate((kept.blank[stay], np.full(len(row), -np.inf))),
            token=np.concatenate((kept.token[stay], total[row, column])),
            total=np.concatenate((kept.total[stay], total[row, column])),
            language=np.concatenate((beam.language[stay], language[row, column])),
        )

    def _stay(self, frame: np.ndarray) -> _Beam:
        """The prefixes kept, after one more frame that adds none."""
        beam = self._beam
        same = beam.last == beam.last[beam.parents]
        grown = np.where(same, beam.blank[beam.parents], beam.total[beam.parents])
        grown[beam.parents < 0] = -np.inf
        blank = beam.total + frame[self._blank]
        token = np.logaddexp(beam.token, grown) + frame[beam.last]
        return beam._replace(blank=blank, token=token, total=np.logaddexp(blank, token))

    def _grow(self, frame: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The log n of every new prefix (R, N), made of a prefix kept and a label; -inf where it is no new one."""
        beam = self._beam
        total = beam.total[rows, None] + frame[labels]
        row = np.full(len(beam.nodes), -1)
        row[rows] = np.arange(len(rows))
        column = np.full(len(frame), -1)
        column[labels] = np.arange(len(labels))
        # The same token once more needs a blank between.
        repeated = rows[column[beam.last[rows]] >= 0]
        total[row[repeated], column[beam.last[repeated]]] = beam.blank[repeated] + frame[beam.last[repeated]]
        # A prefix that is kept already has been counted there.
        kept = np.flatnonzero((beam.parents >= 0) & (row[beam.parents] >= 0) & (column[beam.last] >= 0))
        total[row[beam.parents[kept]], column[beam.last[kept]]] = -np.inf
        return total


class _Outlooks:
    """What may follow the prefixes kept. A prefix that is never grown is never shown to the language model."""

    def __init__(self, lm: Fusion) -> None:
        self.most = lm.most
        self._lm = lm
        self._known: list[Outlook | None] = [lm.start()]
        # State and token from which to make those that are not known yet.
        self._grown: list[tuple[Any, int]] = [(None, 0)]

    def added(self, places: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """What each label adds after the prefixes at these places (R,), as (R, N)."""
        return np.stack([outlook.tokens for outlook in self._at(places.tolist())])[:, labels]

    def ends(self) -> np.ndarray:
        """What the end of the text adds after each prefix, (K,)."""
        return np.array([self._lm.end(outlook.state) for outlook in self._at(range(len(self._known)))])

    def follow(self, stay: np.ndarray, parents: np.ndarray, tokens: np.ndarray) -> None:
        """The prefixes kept change: some stay (S,), others (N,) are made of a prefix and a token."""
        states = [outlook.state for outlook in self._at(parents.tolist())]
        self._known = [*(self._known[place] for place in stay), *(None for _ in states)]
        self._grown = [*(self._grown[place] for place in stay), *zip(states, tokens.tolist(), strict=True)]

    def _at(self, places: Sequence[int]) -> list[Outlook]:
        wanted = [place for place in places if self._known[place] is None]
        if wanted:
            states, tokens = zip(*(self._grown[place] for place in wanted), strict=True)
            for place, found in zip(wanted, self._lm.after(states, tokens), strict=True):
                self._known[place] = found
        return [outlook for place in places if (outlook := self._known[place]) is not None]


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """Places of the highest scores in their order, of equal scores the first; never one that is -inf."""
    places = np.flatnonzero(scores > -np.inf)
    if len(places) > count:
        least = np.partition(scores, -count)[-count]
        places = np.flatnonzero(scores >= least)
        if len(places) > count:
            places = np.sort(places[np.argsort(-scores[places], kind="stable")[:count]])
    return places
