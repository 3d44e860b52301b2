"""Link prediction: some edges of a graph are hidden, and asked for among pairs without an edge."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.graphs.batch import pairs_apart
from rnnbench.data.graphs.graph import LINK_CLASSES, Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.graphs.source import GraphSource
from rnnbench.data.long_range.draws import Draw, Draws, key_of
from rnnbench.errors import UserError
from rnnbench.ranges import SEED, Range

_SHARE = Range(above=0, most=0.5)


class HeldOutLinks(GraphSource):
    """The edges of a graph of another source, some of them hidden.

    T. Kipf and M. Welling, Variational Graph Auto-Encoders, NIPS Workshop on Bayesian Deep Learning 2016.

    The network sees the edges of training alone. Validation and test ask for their hidden edges, and for as many pairs
    that have no edge anywhere. Training asks for its own edges, and for as many pairs that are none of them, drawn anew
    in every epoch. Directions, weights and kinds of edges are left out.

    Args:
        graphs: Where the graph comes from; what is asked about it there is left out.
        validation: Share of the edges that validation asks for.
        test: Share of the edges that the test asks for.
        seed: Seed of what is hidden and of the pairs of validation and test.
    """

    def __init__(
        self,
        graphs: GraphSource,
        validation: Annotated[float, _SHARE] = 0.05,
        test: Annotated[float, _SHARE] = 0.1,
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        self.graphs = graphs
        self.shares = validation, test
        self.seed = seed
        self.dataset = f"{graphs.dataset}_links"

    def prepare(self) -> None:
        """Fetches what is missing."""
        self.graphs.prepare()

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        found = self.graphs.read()
        graph = found.splits["train"][0].graph
        if any(one.graph is not graph for asked in found.splits.values() for one in asked):
            raise UserError(
                f"{self.graphs.dataset} has several graphs, and links are hidden in one",
                where="--data.source.graphs",
                hint="take a source of one graph",
            )
        edges = np.unique(np.sort(graph.edges, axis=1), axis=0)
        order = np.argsort(Draws(key_of(self.seed, "links"), [0]).uniforms(len(edges))[0], kind="stable")
        hidden = [int(share * len(edges)) for share in self.shares]
        if min(hidden) < 1 or sum(hidden) >= len(edges):
            raise UserError(
                f"of {len(edges):,} edges {hidden[0]:,} are left for validation and {hidden[1]:,} for the test",
                where="--data.source.validation, --data.source.test",
                hint="other shares",
            )
        validation, test, train = np.split(edges[order], np.cumsum(hidden))
        train = train[np.lexsort(train.T[::-1])]
        seen = Graph(graph.x, both_ways(train))
        return GraphSet(
            "link",
            LINK_CLASSES,
            {
                "train": [Asked(seen, Questions(train, np.ones(len(train), dtype=np.int64)))],
                "validation": [Asked(seen, self._with_none("validation", validation, edges, graph.x.shape[0]))],
                "test": [Asked(seen, self._with_none("test", test, edges, graph.x.shape[0]))],
            },
            found.features,
            apart=train,
        )

    def _with_none(self, split: str, links: NDArray[np.int64], edges: NDArray[np.int64], nodes: int) -> Questions:
        """Pairs with an edge, then as many without one, none of them twice."""
        if nodes * (nodes - 1) // 2 - len(edges) < 2 * len(links):
            raise UserError("there are too few pairs without an edge", where="--data.source.graphs")
        apart, pairs = edges, np.empty((0, 2), dtype=np.int64)
        draw = Draw(key_of(self.seed, split), 0)
        while len(pairs) < len(links):
            drawn = pairs_apart(len(links) - len(pairs), nodes, apart, draw)
            pairs = np.concatenate([pairs, np.unique(drawn, axis=0)])
            apart = np.concatenate([edges, pairs])
        y = np.repeat(np.array([1, 0]), len(links))
        return Questions(np.concatenate([links, pairs]), y)
