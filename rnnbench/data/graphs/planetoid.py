"""Citation graphs of Planetoid: one graph, some of whose nodes are labelled."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rnnbench.data.cards import UserFiles, load_origin, names_card
from rnnbench.data.fetched.checksum import check_sha256
from rnnbench.data.graphs.check import Edges, checked
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.graphs.source import GraphSource
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.reading import read_file, reading, user_path

MASKS: dict[Split, str] = {"train": "train_mask", "validation": "val_mask", "test": "test_mask"}
_FEATURES = ("feat_data", "feat_indices", "feat_indptr", "feat_shape")
_ARRAYS = (*_FEATURES, "labels", "edges", *MASKS.values())


class Planetoid(GraphSource):
    """A graph in arrays of NumPy, with a fixed split.

    Z. Yang, W. Cohen and R. Salakhutdinov, Revisiting Semi-Supervised Learning with Graph Embeddings, ICML 2016.

    The file holds ``feat_data``, ``feat_indices``, ``feat_indptr`` and ``feat_shape`` (sparse rows of features),
    ``labels`` (-1 for none), ``edges`` (each once), ``train_mask``, ``val_mask`` and ``test_mask``. Pickled files, as
    Planetoid's own, are not read: a pickle can run any program.

    Args:
        path: The ``.npz`` file.
        card: Name of the data card that the file has to agree with, such as ``cora``; ``none`` for none.
    """

    def __init__(self, path: str, card: str | None = None) -> None:
        self.path = user_path(path, "--data.source.path")
        self.dataset = self.path.stem
        self._origin: UserFiles | None = None
        if names_card(card):
            found, self._origin = load_origin(card, UserFiles)
            self.dataset = found.name

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        if not self.path.exists() and self._origin is not None:
            raise UserError("there is no such file", where=self.path, hint=f"get it: {self._origin.get}")
        data = read_file(self.path)
        if self._origin is not None and "whole" in self._origin.sha256:
            hint = f"these are not the data of {self.dataset}: get them anew, or take no card: --data.source.card none"
            check_sha256(data, self._origin.sha256["whole"], where=self.path, hint=hint)
        return read_planetoid(data, self.path)


def read_planetoid(data: bytes, path: Path) -> GraphSet:
    """The graph of a file.

    Args:
        data: Its content.
        path: Its name, for errors.

    Raises:
        UserError: It is no such file; an edge names a node that is not there; a split has no node.
    """
    with (
        reading(path, "no file of NumPy arrays", "an .npz file without pickled objects is needed"),
        np.load(io.BytesIO(data), allow_pickle=False) as file,
    ):
        missing = [name for name in _ARRAYS if name not in file.files]
        if missing:
            raise UserError(f"there is no array {missing[0]!r}; there are: {', '.join(file.files)}", where=path)
        arrays = {name: file[name] for name in _ARRAYS}
        x = _features(arrays, path)
        labels = arrays["labels"].astype(np.int64)
        ends = arrays["edges"].astype(np.int64).reshape(-1, 2)
        masks = {split: arrays[name].astype(bool) for split, name in MASKS.items()}
    nodes = x.shape[0]
    for name, found in {"labels": labels, **{MASKS[split]: mask for split, mask in masks.items()}}.items():
        if found.shape != (nodes,):
            raise UserError(f"{name} is {found.shape}, and there are {nodes:,} nodes", where=path)
    edges = checked(Edges(ends, None, None), nodes, False, lambda i: f"{path}, edges, row {i + 1}", path)
    graph = Graph(x, both_ways(edges.ends))
    classes = tuple(map(str, range(int(labels.max()) + 1)))
    return GraphSet("node", classes, {split: [_asked(graph, labels, masks[split], split, path)] for split in MASKS})


def _features(arrays: dict[str, NDArray[np.generic]], path: Path) -> csr_array:
    values, columns, ends, shape = (arrays[name] for name in _FEATURES)
    x = csr_array(
        (values.astype(np.float32), columns.astype(np.int64), ends.astype(np.int64)), shape=tuple(shape.tolist())
    )
    x.check_format(full_check=True)
    if not np.isfinite(x.data).all():
        raise UserError("a feature is no finite number", where=path)
    return x


def _asked(graph: Graph, labels: NDArray[np.int64], mask: NDArray[np.bool_], split: Split, path: Path) -> Asked:
    nodes = np.flatnonzero(mask)
    if not len(nodes):
        raise UserError(f"{MASKS[split]} has no node, so there is nothing for {split}", where=path)
    without = nodes[labels[nodes] < 0]
    if len(without):
        raise UserError(f"{MASKS[split]} has node {without[0]}, which has no label", where=path)
    return Asked(graph, Questions(nodes[:, None], labels[nodes]))
