"""Graphs, and what is asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from rnnbench.data.source import Split

Kind = Literal["node", "pair", "link", "graph"]
"""What is asked about: a node, how two nodes are related, whether two nodes have an edge, or the whole graph."""

ABOUT: dict[Kind, int] = {"node": 1, "pair": 2, "link": 2, "graph": 0}
"""How many nodes a question names."""

LINK_CLASSES = ("no", "yes")

Features: TypeAlias = Any
"""Features of nodes ``(N, F)``: an array of NumPy, or where most are 0 a `csr_array` of SciPy, which has no types."""


class Graph(NamedTuple):
    """A graph of N nodes and E edges, along which messages go from the first node to the second.

    An edge without direction stands twice, once each way (`both_ways`).
    """

    x: Features
    """``(N, F)``."""
    edges: NDArray[np.int64]
    """``(E, 2)``."""
    weights: NDArray[np.float32] | None = None
    """``(E,)``; None where all are 1."""
    kinds: NDArray[np.int64] | None = None
    """``(E,)``, numbers of kinds of edges; None where there is one kind."""


class Questions(NamedTuple):
    """Q questions about one graph."""

    about: NDArray[np.int64]
    """``(Q, K)``: the nodes that each names, as many as `ABOUT` says."""
    y: NDArray[np.int64]
    """``(Q,)``: classes."""


class Asked(NamedTuple):
    """A graph and what is asked about it."""

    graph: Graph
    questions: Questions


class GraphSet(NamedTuple):
    """All splits of a data set. Splits whose questions are about the same graph hold the same object."""

    kind: Kind
    """What is asked about."""
    classes: tuple[str, ...]
    """Names of the classes."""
    splits: dict[Split, list[Asked]]
    """Graphs with their questions."""
    features: tuple[str, ...] | None = None
    """Names of the features, where they have any."""
    kinds: tuple[str, ...] = ("edge",)
    """Names of the kinds of edges."""
    apart: NDArray[np.int64] | None = None
    """Of a set that asks for links: the pairs ``(P, 2)``, smaller number first, that training never draws as pairs
    without an edge."""


def both_ways(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges without direction ``(E, 2)``, each once -> each both ways ``(2 E, 2)``, first all one way."""
    return np.concatenate([edges, edges[:, ::-1]])


def stacked(parts: Sequence[Features]) -> Features:
    """The features of several graphs below one another."""
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(part, csr_array) for part in parts):
        return csr_array(vstack([csr_array(part) for part in parts], format="csr"))
    return np.concatenate(parts)
