"""What generated graphs share: sizes of the splits, and random numbers by their place."""

from __future__ import annotations

from abc import abstractmethod

from rnnbench.data.cards import Builtin, load_origin
from rnnbench.data.generated.base import check_sizes
from rnnbench.data.graphs.graph import Asked, GraphSet
from rnnbench.data.graphs.source import GraphSource
from rnnbench.data.long_range.draws import Draw, key_of
from rnnbench.data.source import Split

CARD = "generated_graphs"


class GeneratedGraphs(GraphSource):
    """Graphs made on the spot, each a function of the seed, its split and its number. Subclasses write `draw`.

    Args:
        name: What stands in results.
        sizes: Graphs of each split.
        seed: Seed of the graphs.
    """

    def __init__(self, name: str, sizes: dict[Split, int], seed: int) -> None:
        check_sizes(**sizes)
        load_origin(CARD, Builtin)
        self.dataset = name
        self.sizes = sizes
        self.seed = seed

    @abstractmethod
    def draw(self, draw: Draw) -> Asked:
        """A graph with its questions.

        Args:
            draw: Its random numbers.
        """

    @abstractmethod
    def form(self) -> GraphSet:
        """What is asked about, and the classes; without graphs."""

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        splits = {
            split: [self.draw(Draw(key_of(self.seed, f"{self.dataset} {split}"), number)) for number in range(size)]
            for split, size in self.sizes.items()
        }
        return self.form()._replace(splits=splits)


def shuffled(draw: Draw, count: int) -> list[int]:
    """The numbers 0 to count - 1 in an order that is drawn, each as likely."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = draw.below(last + 1)
        order[last], order[other] = order[other], order[last]
    return order
