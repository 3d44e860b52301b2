"""How many triangles has a graph?"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from rnnbench.data.graphs.generated.base import GeneratedGraphs, shuffled
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.long_range.draws import Draw
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1, SEED

_DEGREES = 8


class Triangles(GeneratedGraphs):
    """How many triangles a random graph has: 1 to `most`, each as often as the others.

    B. Knyazev, G. W. Taylor and M. R. Amer, Understanding Attention and Generalization in Graph Neural Networks,
    NeurIPS 2019, with graphs of our own. A node's feature is its number of edges, one-hot, 7 and more being one.

    Args:
        most: Most triangles.
        min_nodes: Fewest nodes of a graph.
        max_nodes: Most nodes of a graph.
        train: Graphs of an epoch.
        validation: Graphs of the validation split.
        test: Graphs of the test split.
        seed: Seed of the graphs.
    """

    def __init__(
        self,
        most: Annotated[int, AT_LEAST_1] = 5,
        min_nodes: int = 8,
        max_nodes: int = 16,
        train: int = 2000,
        validation: int = 300,
        test: int = 500,
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        super().__init__("triangles", {"train": train, "validation": validation, "test": test}, seed)
        if not 3 <= min_nodes <= max_nodes:
            raise UserError(
                f"graphs of {min_nodes} to {max_nodes} nodes: at least 3 are needed for a triangle",
                where="--data.source.min_nodes, --data.source.max_nodes",
            )
        if min_nodes * (min_nodes - 1) * (min_nodes - 2) // 6 < most:
            raise UserError(f"{min_nodes} nodes have no {most} triangles", where="--data.source.most")
        self.most, self.span = most, (min_nodes, max_nodes)

    def form(self) -> GraphSet:
        """See `GeneratedGraphs.form`."""
        classes = tuple(str(number) for number in range(1, self.most + 1))
        degrees = [f"{degree} edges" for degree in range(_DEGREES - 1)]
        return GraphSet("graph", classes, {}, (*degrees, f"{_DEGREES - 1} edges or more"))

    def draw(self, draw: Draw) -> Asked:
        """See `GeneratedGraphs.draw`."""
        wanted = 1 + draw.below(self.most)
        nodes = self.span[0] + draw.below(self.span[1] - self.span[0] + 1)
        while True:
            beside = self._edges(draw, nodes, wanted)
            if np.trace(beside @ beside @ beside) == 6 * wanted:
                break
        edges = np.argwhere(np.triu(beside))
        degrees = np.minimum(beside.sum(0), _DEGREES - 1)
        x = np.eye(_DEGREES, dtype=np.float32)[degrees]
        return Asked(Graph(x, both_ways(edges)), Questions(np.empty((1, 0), dtype=np.int64), np.array([wanted - 1])))

    def _edges(self, draw: Draw, nodes: int, wanted: int) -> np.ndarray:
        """A matrix ``(N, N)`` of edges, most often with as many triangles as are wanted, never with more."""
        beside = np.zeros((nodes, nodes), dtype=np.int64)
        triangles = 0
        # Edges come one by one in an order that is drawn; one that would make too many triangles is left out.
        pairs = [(one, other) for other in range(nodes) for one in range(other)]
        for number in shuffled(draw, len(pairs)):
            one, other = pairs[number]
            new = int(beside[one] @ beside[other])
            if triangles + new <= wanted and (triangles < wanted or draw.below(4) == 0):
                beside[one, other] = beside[other, one] = 1
                triangles += new
        return beside
