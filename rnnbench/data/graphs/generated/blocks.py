"""Which block does a node belong to? A graph whose blocks are denser inside than between them."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.graphs.generated.base import CARD
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.graphs.source import GraphSource
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.ranges import AT_LEAST_1, SEED, Range

_SHARE = Range(least=0, most=1)
_STRONG, _WEAK = 0.25, 0.1


class StochasticBlocks(GraphSource):
    """A stochastic block model: one graph, a few of whose nodes are labelled with their block.

    P. W. Holland, K. B. Laskey and S. Leinhardt, Stochastic Blockmodels: First Steps, Social Networks 1983. Each block
    has words of its own; a node has each of them with probability 0.25, and each of another block's with 0.1.

    Args:
        blocks: Number of blocks.
        nodes: Nodes of each block.
        inside: Probability of an edge within a block.
        between: Probability of an edge between two blocks.
        words: Words of each block.
        labelled: Nodes of each block that are labelled for training.
        validation: Nodes of each block that are asked about in validation; the test asks about all others.
        seed: Seed of the graph.
    """

    def __init__(
        self,
        blocks: int = 4,
        nodes: Annotated[int, AT_LEAST_1] = 100,
        inside: Annotated[float, _SHARE] = 0.06,
        between: Annotated[float, _SHARE] = 0.01,
        words: Annotated[int, AT_LEAST_1] = 8,
        labelled: Annotated[int, AT_LEAST_1] = 5,
        validation: Annotated[int, AT_LEAST_1] = 20,
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        load_origin(CARD, Builtin)
        if blocks < 2:
            raise UserError(f"must be at least 2, found {blocks}", where="--data.source.blocks")
        if labelled + validation >= nodes:
            raise UserError(
                f"of {nodes} nodes {labelled} are labelled and {validation} are for validation: none is left",
                where="--data.source.nodes",
            )
        self.dataset = "stochastic_blocks"
        self.blocks, self.nodes, self.words = blocks, nodes, words
        self.inside, self.between = inside, between
        self.labelled, self.validation, self.seed = labelled, validation, seed

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        block = np.repeat(np.arange(self.blocks), self.nodes)
        number = np.tile(np.arange(self.nodes), self.blocks)
        count = len(block)
        # Numbers of node i decide on its edges to the nodes before it.
        same = block[:, None] == block
        drawn = Draws(key_of(self.seed, "edges"), np.arange(count)).uniforms(count)
        edges = np.argwhere(np.tril(drawn < np.where(same, self.inside, self.between), -1))
        if not len(edges):
            raise UserError("a graph with no edge", where="--data.source.inside", hint="raise it, or between")
        own = block[:, None] == np.repeat(np.arange(self.blocks), self.words)
        words = Draws(key_of(self.seed, "words"), np.arange(count)).uniforms(own.shape[1])
        x = (words < np.where(own, _STRONG, _WEAK)).astype(np.float32)
        graph = Graph(x, both_ways(edges))
        before = self.labelled + self.validation
        inside: dict[Split, np.ndarray] = {
            "train": number < self.labelled,
            "validation": (number >= self.labelled) & (number < before),
            "test": number >= before,
        }
        splits = {}
        for split, mask in inside.items():
            nodes = np.flatnonzero(mask)
            splits[split] = [Asked(graph, Questions(nodes[:, None], block[nodes]))]
        return GraphSet("node", tuple(f"block {number}" for number in range(self.blocks)), splits)
