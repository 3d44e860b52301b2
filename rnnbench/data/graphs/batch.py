"""Graphs in batches: side by side as one graph that is not connected."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from rnnbench.data.graphs.graph import Asked, Features, Graph, stacked
from rnnbench.data.long_range.draws import Draw, Draws, key_of


class GraphBatch(NamedTuple):
    """G graphs of N nodes and E edges in all, with Q questions about them."""

    x: Tensor
    """``(N, F)`` features, in rows that may be sparse."""
    edges: Tensor
    """``(2, E)`` int64: from which node, to which."""
    weights: Tensor | None
    """``(E,)``; None where all are 1."""
    kinds: Tensor | None
    """``(E,)`` int64; None where there is one kind."""
    graph: Tensor
    """``(N,)`` int64: to which graph a node belongs."""
    graphs: int
    """G; a plain number, so that no device has to be asked for it."""
    about: Tensor
    """``(Q, K)`` int64: the nodes that a question names; of a question about a graph, the number of the graph."""
    y: Tensor
    """``(Q,)`` int64 classes."""
    ids: Tensor
    """``(Q,)`` int64: number of each question in its split; -1 for one that counts for nothing in evaluation."""
    tokens: int
    """Number of nodes."""


class GraphSamples:
    """The graphs of a split; called with some of their numbers, it makes a batch of them.

    All lie in flat arrays, whose number does not grow with that of the graphs.

    Args:
        asked: The graphs with their questions.
        normalised: Whether the features of a node are divided by their sum.
        apart: For training on links: pairs that are never drawn as pairs without an edge, see `GraphSet`.
        seed: Seed of these draws.
    """

    def __init__(
        self,
        asked: Sequence[Asked],
        normalised: bool = False,
        apart: NDArray[np.int64] | None = None,
        seed: int = 0,
    ) -> None:
        graphs = [one.graph for one in asked]
        self._x = stacked([one.x for one in graphs])
        if normalised:
            self._x = _normalised(self._x)
        self._edges = np.concatenate([one.edges for one in graphs])
        self._weights = _gathered([(one.weights, len(one.edges), 1.0) for one in graphs], np.float32)
        self._kinds = _gathered([(one.kinds, len(one.edges), 0) for one in graphs], np.int64)
        self._about = np.concatenate([one.questions.about for one in asked])
        self._y = np.concatenate([one.questions.y for one in asked])
        self._nodes = _ends([one.x.shape[0] for one in graphs])
        self._edge_ends = _ends([len(one.edges) for one in graphs])
        self._question_ends = _ends([len(one.questions.y) for one in asked])
        self._apart, self._key = apart, key_of(seed, "non-edges")
        self._last: tuple[list[int], GraphBatch] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Nodes and edges of each graph, together ``(G,)``."""
        return np.diff(self._nodes) + np.diff(self._edge_ends)

    def __call__(self, samples: list[int], epoch: int) -> GraphBatch:
        """The batch of some graphs, the same in every epoch, but for new pairs without an edge."""
        if self._last is None or self._last[0] != samples:
            # A data set of one graph has one batch: it is made once.
            self._last = list(samples), self._batch(samples)
        batch = self._last[1]
        return batch if self._apart is None else self._with_non_edges(batch, epoch)

    def __getstate__(self) -> dict[str, object]:
        """Without the batch that was made last: another process makes its own."""
        return {**self.__dict__, "_last": None}

    def graph(self, number: int) -> Graph:
        """A graph by its number."""
        nodes, edges = self._span(self._nodes, number), self._span(self._edge_ends, number)
        weights = None if self._weights is None else self._weights[edges]
        kinds = None if self._kinds is None else self._kinds[edges]
        return Graph(self._x[nodes], self._edges[edges], weights, kinds)

    def _batch(self, samples: list[int]) -> GraphBatch:
        nodes = _places(self._nodes, samples)
        edges = _places(self._edge_ends, samples)
        questions = _places(self._question_ends, samples)
        sizes = np.diff(self._nodes)[samples]
        shifts = np.cumsum([0, *sizes])[:-1]
        asked = np.diff(self._question_ends)[samples]
        ends = self._edges[edges] + np.repeat(shifts, np.diff(self._edge_ends)[samples])[:, None]
        of_graph = np.repeat(np.arange(len(samples)), asked)[:, None]
        about = self._about[questions]
        about = about + np.repeat(shifts, asked)[:, None] if about.shape[1] else of_graph
        return GraphBatch(
            x=features_tensor(self._x[nodes]),
            edges=torch.from_numpy(np.ascontiguousarray(ends.T)),
            weights=None if self._weights is None else torch.from_numpy(self._weights[edges]),
            kinds=None if self._kinds is None else torch.from_numpy(self._kinds[edges]),
            graph=torch.from_numpy(np.repeat(np.arange(len(samples)), sizes)),
            graphs=len(samples),
            about=torch.from_numpy(about),
            y=torch.from_numpy(self._y[questions]),
            ids=torch.from_numpy(questions),
            tokens=len(nodes),
        )

    def _with_non_edges(self, batch: GraphBatch, epoch: int) -> GraphBatch:
        """As many pairs without an edge beside the pairs with one; they follow from the seed and the epoch alone."""
        assert self._apart is not None
        pairs = torch.from_numpy(pairs_apart(len(batch.y), batch.tokens, self._apart, Draw(self._key, epoch)))
        return batch._replace(
            about=torch.cat([batch.about, pairs]),
            y=torch.cat([batch.y, torch.zeros_like(batch.y)]),
            ids=torch.cat([batch.ids, batch.ids + len(batch.ids)]),
        )

    @staticmethod
    def _span(ends: NDArray[np.int64], number: int) -> slice:
        return slice(int(ends[number]), int(ends[number + 1]))


def pairs_apart(count: int, nodes: int, apart: NDArray[np.int64], draw: Draw) -> NDArray[np.int64]:
    """Pairs of different nodes that are none of some others, each equally likely; one may come twice.

    Args:
        count: How many.
        nodes: Number of nodes.
        apart: The pairs that are not wanted ``(P, 2)``, smaller number first.
        draw: Random numbers; one of them is taken.

    Returns:
        ``(count, 2)``, smaller number first.
    """
    unwanted = np.unique(apart[:, 0] * nodes + apart[:, 1])
    draws = Draws(draw.below(2**32), [0])
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        drawn = draws.belows(nodes, 2 * (count - len(found)) + 16).reshape(-1, 2)
        drawn = np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1)
        keys = drawn[:, 0] * nodes + drawn[:, 1]
        found = np.concatenate([found, keys[~np.isin(keys, unwanted)]])
    return np.stack([found[:count] // nodes, found[:count] % nodes], 1)


def features_tensor(x: Features) -> Tensor:
    """Features ``(N, F)`` as a tensor, whose rows are sparse where they were."""
    if not isinstance(x, csr_array):
        return torch.from_numpy(np.ascontiguousarray(x))
    rows, columns = (torch.from_numpy(part.astype(np.int64)) for part in (x.indptr, x.indices))
    return sparse_rows(rows, columns, torch.from_numpy(x.data.astype(np.float32)), (x.shape[0], x.shape[1]))


def sparse_rows(ends: Tensor, columns: Tensor, values: Tensor, size: tuple[int, int]) -> Tensor:
    """A matrix in compressed sparse rows, without the warning that torch has for every such matrix.

    Args:
        ends: Where each row ends among the values ``(N + 1,)``, from 0.
        columns: Column of each value ``(M,)``.
        values: ``(M,)``.
        size: N and number of columns.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(ends, columns, values, size, check_invariants=False)


def _normalised(x: Features) -> Features:
    """Each row divided by its sum; one whose sum is zero stays."""
    sums = np.asarray(x.sum(1), dtype=np.float64).reshape(-1)
    scale = np.where(sums == 0, 1.0, sums)
    if isinstance(x, csr_array):
        data = x.data / np.repeat(scale, np.diff(x.indptr))
        return csr_array((data.astype(np.float32), x.indices, x.indptr), shape=x.shape)
    return (x / scale[:, None]).astype(np.float32)


def _gathered(parts: Sequence[tuple[NDArray[Any] | None, int, float]], dtype: type[np.generic]) -> NDArray[Any] | None:
    """What belongs to edges, of all graphs; where one graph has none, its usual value. None where no graph has any."""
    if all(part is None for part, _, _ in parts):
        return None
    return np.concatenate([np.full(size, usual) if part is None else part for part, size, usual in parts]).astype(dtype)


def _ends(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *sizes], dtype=np.int64)


def _places(ends: NDArray[np.int64], samples: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([np.arange(ends[i], ends[i + 1]) for i in samples])
