"""Is there a path of length k from one node to another? It takes k rounds of messages to know."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import numpy as np

from rnnbench.data.graphs.generated.base import GeneratedGraphs, shuffled
from rnnbench.data.graphs.graph import LINK_CLASSES, Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.long_range.draws import Draw
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1, SEED


class Paths(GeneratedGraphs):
    """Whether a path of k edges leads from a marked node to another, which is k edges away from it or in another part.

    A graph has two parts of the same shape, in an order that is drawn: a random tree and a few edges more. In one of
    them a node is marked, by a feature of 1 where all others have 0. The two questions of a graph are about that node
    and a node at distance k of it, and about that node and the counterpart of the latter in the other part. With fewer
    than k rounds of messages both get the same answer from any network that does not tell nodes by their number: it is
    right on exactly half of the questions.

    Args:
        length: Number k of edges.
        nodes: Nodes of each part.
        more: Edges of each part besides those of its tree.
        train: Graphs of an epoch.
        validation: Graphs of the validation split.
        test: Graphs of the test split.
        seed: Seed of the graphs.
    """

    def __init__(
        self,
        length: Annotated[int, AT_LEAST_1] = 4,
        nodes: int = 12,
        more: Annotated[int, AT_LEAST_0] = 2,
        train: int = 1000,
        validation: int = 200,
        test: int = 500,
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        super().__init__(f"paths_{length}", {"train": train, "validation": validation, "test": test}, seed)
        if nodes <= length:
            raise UserError(
                f"a path of {length} edges has {length + 1} nodes, and a part has {nodes}",
                where="--data.source.nodes",
                hint="more nodes, or a shorter path",
            )
        self.length, self.nodes, self.more = length, nodes, more

    def form(self) -> GraphSet:
        """See `GeneratedGraphs.form`."""
        return GraphSet("pair", LINK_CLASSES, {}, ("marked",))

    def draw(self, draw: Draw) -> Asked:
        """See `GeneratedGraphs.draw`."""
        # The path comes first, so that there is one; the shortest one may still be shorter than it.
        while True:
            edges = self._part(draw)
            far = [node for node, steps in distances(edges, self.nodes, 0).items() if steps == self.length]
            if far:
                break
        goal = far[draw.below(len(far))]
        place = np.array(shuffled(draw, 2 * self.nodes))
        both = np.concatenate([edges, edges + self.nodes])
        x = np.zeros((2 * self.nodes, 1), dtype=np.float32)
        x[place[0]] = 1
        about = place[np.array([[0, goal], [0, goal + self.nodes]])]
        return Asked(Graph(x, both_ways(place[both])), Questions(about, np.array([1, 0])))

    def _part(self, draw: Draw) -> np.ndarray:
        """Edges of a part, in which the nodes 0 to k are a path."""
        before = list(range(self.length)) + [draw.below(node) for node in range(self.length + 1, self.nodes)]
        edges = {(old, new) for new, old in enumerate(before, start=1)}
        for _ in range(self.more):
            one, other = sorted(draw.belows(self.nodes, 2))
            if one != other:
                edges.add((one, other))
        return np.array(sorted(edges), dtype=np.int64)


def distances(edges: np.ndarray, nodes: int, start: int) -> dict[int, int]:
    """Fewest edges from a node to each node that can be reached from it.

    Args:
        edges: Edges without direction ``(E, 2)``.
        nodes: Number of nodes.
        start: The node.
    """
    beside: list[list[int]] = [[] for _ in range(nodes)]
    for one, other in edges.tolist():
        beside[one].append(other)
        beside[other].append(one)
    found, waiting = {start: 0}, deque([start])
    while waiting:
        here = waiting.popleft()
        for node in beside[here]:
            if node not in found:
                found[node] = found[here] + 1
                waiting.append(node)
    return found
