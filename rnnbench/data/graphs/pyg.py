"""Data sets of torch_geometric (PyG) by name: the one place that names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.graphs.check import Edges, checked
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions
from rnnbench.data.graphs.source import GraphSource, check_shares, cut
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.source import SPLITS, Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.folders import cache_folder
from rnnbench.ranges import SEED
from rnnbench.reading import reading

# Those whose files are text or plain arrays. The others of torch_geometric unpickle what they fetch.
NAMES = ("HeterophilousGraphDataset", "KarateClub", "TUDataset", "WebKB", "WikiCS")
_IN_PARTS = ("HeterophilousGraphDataset", "TUDataset", "WebKB")
_MASKS: dict[Split, str] = {"train": "train_mask", "validation": "val_mask", "test": "test_mask"}


class LibraryGraphs(GraphSource):
    """A data set that torch_geometric fetches, such as ``TUDataset/MUTAG`` or ``WebKB/Cornell``.

    Data sets that torch_geometric would unpickle from the network, Planetoid among them, are refused: a pickle can run
    any program. Where a data set has several splits, the first one is taken.

    Args:
        name: Name of the class in ``torch_geometric.datasets``, and of the data set in it where there are several.
        splits: Shares of training, validation and test, where the data have no masks.
        seed: Seed of that choice.
    """

    def __init__(self, name: str, splits: Sequence[float] = (0.8, 0.1, 0.1), seed: Annotated[int, SEED] = 1) -> None:
        self.family, _, self.member = name.partition("/")
        self.dataset = name.replace("/", "_").lower()
        self.shares = check_shares(splits, "--data.source.splits")
        self.seed = seed
        where = "--data.source.name"
        if self.family == "Planetoid":
            raise UserError(
                "torch_geometric unpickles what it fetches of Planetoid, and a pickle can run any program",
                where=where,
                hint="--data.source Planetoid --data.source.path cora.npz reads the arrays",
            )
        if self.family not in NAMES:
            raise UserError(
                f"{self.family!r} is none of the data sets that are safe to fetch",
                where=where,
                hint=did_you_mean(self.family, NAMES),
            )
        if bool(self.member) != (self.family in _IN_PARTS):
            form = f"{self.family}/NAME" if self.family in _IN_PARTS else self.family
            raise UserError(f"{name!r} is no name", where=where, hint=f"its form is {form}")

    def prepare(self) -> None:
        """Fetches the data set into the cache, unless it is there."""
        self._data()

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        found = self._data()
        if len(found) > 1:
            return self._many(found)
        data = found[0]
        graph = self._graph(data, self.dataset)
        y = data.y.numpy().astype(np.int64).reshape(-1)
        classes = tuple(map(str, range(int(y.max()) + 1)))
        nodes = self._nodes(data, y)
        splits = {split: [Asked(graph, Questions(nodes[split][:, None], y[nodes[split]]))] for split in SPLITS}
        return GraphSet("node", classes, splits)

    def _data(self) -> Any:
        try:
            from torch_geometric import datasets
        except ImportError:
            raise UserError(
                "this data set is one of the package torch_geometric",
                where="--data.source",
                hint="pip install 'rnnbench[graphs]'",
            ) from None
        if self.family == "KarateClub":
            return datasets.KarateClub()
        root = str(cache_folder() / "torch_geometric" / self.family)
        make = getattr(datasets, self.family)
        with reading(f"--data.source.name {self.family}/{self.member}", "cannot be fetched", "is there a network?"):
            return make(root, name=self.member) if self.family in _IN_PARTS else make(root)

    def _many(self, found: Any) -> GraphSet:
        graphs = [self._graph(data, f"{self.dataset}, graph {number + 1}") for number, data in enumerate(found)]
        y = np.array([int(data.y) for data in found])
        rows = self._cut(len(y), "graphs")
        none = np.empty((1, 0), dtype=np.int64)
        classes = tuple(map(str, range(int(y.max()) + 1)))
        splits = {split: [Asked(graphs[i], Questions(none, y[i : i + 1])) for i in rows[split]] for split in SPLITS}
        return GraphSet("graph", classes, splits)

    def _nodes(self, data: Any, y: NDArray[np.int64]) -> dict[Split, NDArray[np.int64]]:
        if any(getattr(data, name, None) is None for name in _MASKS.values()):
            return self._cut(len(y), "nodes")
        found = {}
        for split, name in _MASKS.items():
            found[split] = np.flatnonzero(getattr(data, name).numpy().reshape(len(y), -1)[:, 0])
            if not len(found[split]):
                raise UserError(f"{_MASKS[split]} has no node", where=self.dataset)
        return found

    def _cut(self, number: int, what: str) -> dict[Split, NDArray[np.int64]]:
        order = np.argsort(Draws(key_of(self.seed, "splits"), [0]).uniforms(number)[0], kind="stable")
        return cut(number, self.shares, order, f"{self.dataset}: {what}")

    def _graph(self, data: Any, where: str) -> Graph:
        """A graph; messages go both ways."""
        nodes = int(data.num_nodes)
        x = np.ones((nodes, 1), dtype=np.float32) if data.x is None else data.x.numpy().astype(np.float32)
        ends = np.unique(np.sort(data.edge_index.numpy().T.astype(np.int64), axis=1), axis=0)
        if len(ends):
            ends = checked(Edges(ends, None, None), nodes, False, lambda i: where, where).ends
        return Graph(x, np.concatenate([ends, ends[:, ::-1]]))
