"""What a training step costs on P processes that each hold the whole model: an equation, to be held against a clock.

    t(P) = E[max over P of c] + max(r(P, min(G, b)), r(P, G) - o E[c])
    r(P, G) = 2 (P - 1) / P  G / W  +  2 (P - 1) L

c is the time that a process computes for its batch: all wait for the slowest. r is the time in which P processes in a
ring sum up G bytes of gradients, at W bytes a second between neighbours and L seconds a message (P. Patarasuk and
X. Yuan, Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations, JPDC 2009). It hides behind the backward
pass, a share o of the computing, but for the last bucket of b bytes, which is not full before that is over (S. Li
et al., PyTorch Distributed, VLDB 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

BUCKET = 25 * 2**20
"""b: bytes of gradients that DistributedDataParallel sends at once, by default."""
BACKWARD = 0.5
"""o: less than what the backward pass takes of a step in the applications here."""


class Network(NamedTuple):
    """What lies between processes."""

    bandwidth: float
    """W, bytes a second."""
    latency: float
    """L, seconds."""


class Step(NamedTuple):
    """A training step on several processes."""

    slowest: float
    """Seconds until the slowest process has computed."""
    exposed: float
    """Seconds of the all-reduce during which nothing is computed."""

    @property
    def seconds(self) -> float:
        """Both."""
        return self.slowest + self.exposed


def ring(processes: int, size: float, network: Network) -> float:
    """r: seconds of an all-reduce of so many bytes; none for one process."""
    others = processes - 1
    return 2 * others / processes * size / network.bandwidth + 2 * others * network.latency


def expected_maximum(values: ArrayLike, number: int) -> float:
    """The mean of the greatest of so many independent draws from values ``(N,)``, each as likely.

    Of the sorted values x_1..x_N, x_i is the greatest in (i / N)^P - ((i - 1) / N)^P of all cases.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    below = (np.arange(len(ordered) + 1) / len(ordered)) ** number
    return float(ordered @ np.diff(below))


def step(processes: int, compute: float, slowest: float, size: float, network: Network) -> Step:
    """T.

    Args:
        processes: P.
        compute: E[c], seconds.
        slowest: The mean of the slowest of P over the mean of all: 1 where all batches take as long.
        size: G, bytes: four for each parameter in float32.
        network: W and L.
    """
    last = ring(processes, min(size, BUCKET), network)
    return Step(slowest * compute, max(last, ring(processes, size, network) - BACKWARD * compute))


def fit_network(seconds: Mapping[int, float], processes: int) -> Network:
    """W and L of measured all-reduces, by the least squares of relative errors: small messages count as large ones.

    Args:
        seconds: Bytes -> seconds.
        processes: How many took part.
    """
    sizes, times = np.array(list(seconds), dtype=np.float64), np.array(list(seconds.values()))
    others = processes - 1
    terms = np.stack([2 * others / processes * sizes, np.full(len(sizes), 2.0 * others)], 1)
    inverse, latency = np.linalg.lstsq(terms / times[:, None], np.ones(len(sizes)), rcond=None)[0]
    return Network(float(1 / inverse), float(latency))
