"""Many graphs with a class each, in the text files of TU Dortmund."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.graphs.check import Edges, checked
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.graphs.source import GraphSource, check_shares, cut
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.errors import UserError
from rnnbench.ranges import SEED
from rnnbench.reading import entries, read_file, user_path

_EDGES = "_A.txt"


class TUFiles(GraphSource):
    """Graphs in the text files of TU Dortmund.

    C. Morris et al., TUDataset: A Collection of Benchmark Datasets for Learning with Graphs, 2020: ``NAME_A.txt``,
    ``NAME_graph_indicator.txt``, ``NAME_graph_labels.txt``, and what there is of ``NAME_node_labels.txt``,
    ``NAME_node_attributes.txt`` and ``NAME_edge_labels.txt``.

    Features of a node are its label, one-hot, and its attributes; a single 1 where it has neither. Labels of edges are
    kinds of edges.

    Args:
        path: The folder.
        splits: Shares of training, validation and test; the sets have no split of their own.
        seed: Seed of that choice.
    """

    def __init__(self, path: str, splits: Sequence[float] = (0.8, 0.1, 0.1), seed: Annotated[int, SEED] = 1) -> None:
        self.path = user_path(path, "--data.source.path")
        self.dataset = self.path.resolve().name
        self.shares = check_shares(splits, "--data.source.splits")
        self.seed = seed

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        graphs, y, classes, kinds = read_tu(self.path)
        order = np.argsort(Draws(key_of(self.seed, "splits"), [0]).uniforms(len(y))[0], kind="stable")
        none = np.empty((1, 0), dtype=np.int64)
        splits = {
            split: [Asked(graphs[i], Questions(none, y[i : i + 1])) for i in rows.tolist()]
            for split, rows in cut(len(y), self.shares, order, f"{self.path}: graphs").items()
        }
        return GraphSet("graph", classes, splits, None, kinds)


def read_tu(folder: Path) -> tuple[list[Graph], NDArray[np.int64], tuple[str, ...], tuple[str, ...]]:
    """The graphs of a folder.

    Args:
        folder: The folder.

    Returns:
        The graphs, the class of each ``(G,)``, names of the classes, and names of the kinds of edges.

    Raises:
        UserError: A file is missing or no such one; an edge names a node that is not there, or leads from one graph to
            another.
    """
    path = next((path for path in entries(folder) if path.name.endswith(_EDGES)), None)
    if path is None:
        raise UserError("there is no file NAME_A.txt", where=folder, hint="a folder with the files of one TU data set")
    stem = path.name.removesuffix(_EDGES)

    def other(name: str) -> Path:
        return folder / f"{stem}_{name}.txt"

    of_graph = _numbers(other("graph_indicator"))[:, 0].astype(np.int64) - 1
    labels = _numbers(other("graph_labels"))[:, 0].astype(np.int64)
    nodes, count = len(of_graph), len(labels)
    if nodes and (of_graph.min() < 0 or of_graph.max() >= count or (np.diff(of_graph) < 0).any()):
        raise UserError(
            f"the nodes are not those of graphs 1 to {count:,}, one after the other", where=other("graph_indicator")
        )
    read = _numbers(path)
    if read.shape[1] != 2:
        raise UserError(f"a line has {read.shape[1]} numbers, and two nodes are needed", where=path)
    ends: NDArray[np.int64] = read.astype(np.int64)
    wrong = np.flatnonzero(((ends < 1) | (ends > nodes)).any(1))
    if len(wrong):
        row = int(wrong[0])
        raise UserError(
            f"an edge between nodes {ends[row, 0]} and {ends[row, 1]}, and there are nodes 1 to {nodes:,}",
            where=f"{path}, line {row + 1}",
        )
    ends = ends - 1
    apart = np.flatnonzero(of_graph[ends[:, 0]] != of_graph[ends[:, 1]])
    if len(apart):
        raise UserError("an edge leads from one graph to another", where=f"{path}, line {int(apart[0]) + 1}")
    names, kinds = _kinds(other("edge_labels"), len(ends))
    edges = _once(ends, kinds, nodes, path)
    x = _features(other("node_labels"), other("node_attributes"), nodes)
    classes, y = np.unique(labels, return_inverse=True)
    bounds = np.searchsorted(of_graph, np.arange(count + 1))
    of_edge = of_graph[edges.ends[:, 0]]
    order = np.argsort(of_edge, kind="stable")
    cuts = np.searchsorted(of_edge[order], np.arange(count + 1))
    graphs = []
    for number in range(count):
        mine = order[cuts[number] : cuts[number + 1]]
        of_kind = None if edges.kinds is None else np.tile(edges.kinds[mine], 2)
        graphs.append(
            Graph(x[bounds[number] : bounds[number + 1]], both_ways(edges.ends[mine] - bounds[number]), None, of_kind)
        )
        if not len(graphs[-1].x):
            raise UserError(f"graph {number + 1} has no node", where=other("graph_indicator"))
    return graphs, y.astype(np.int64), tuple(map(str, classes.tolist())), names


def _once(ends: NDArray[np.int64], kinds: NDArray[np.int64] | None, nodes: int, path: Path) -> Edges:
    """Edges without direction, each once: the files have them both ways, which is no doubling."""
    forward = ends[:, 0] <= ends[:, 1]
    back = {(a, b) for a, b in ends[~forward][:, ::-1].tolist()}
    there = {(a, b) for a, b in ends[forward].tolist()}
    only_back = [row for row in np.flatnonzero(~forward).tolist() if (ends[row, 1], ends[row, 0]) in back - there]
    rows = np.sort(np.concatenate([np.flatnonzero(forward), np.array(only_back, dtype=np.int64)]))
    kept = Edges(ends[rows], None, None if kinds is None else kinds[rows])
    return checked(kept, nodes, False, lambda i: f"{path}, line {int(rows[i]) + 1}", path)


def _kinds(path: Path, edges: int) -> tuple[tuple[str, ...], NDArray[np.int64] | None]:
    if not path.is_file():
        return ("edge",), None
    labels = _numbers(path, edges)[:, 0].astype(np.int64)
    names, kinds = np.unique(labels, return_inverse=True)
    return tuple(map(str, names.tolist())), kinds.astype(np.int64)


def _features(labels: Path, attributes: Path, nodes: int) -> NDArray[np.float32]:
    parts = []
    if labels.is_file():
        found = _numbers(labels, nodes).astype(np.int64)
        parts += [(found[:, [column]] == np.unique(found[:, column])) for column in range(found.shape[1])]
    if attributes.is_file():
        parts.append(_numbers(attributes, nodes))
    return np.concatenate(parts or [np.ones((nodes, 1))], 1).astype(np.float32)


def _numbers(path: Path, rows: int | None = None) -> NDArray[np.float64]:
    """A line of numbers parted by commas for each row."""
    lines = split_lines(decode(read_file(path), path))
    found: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append([float(part) for part in line.split(",")])
        except ValueError:
            raise UserError(f"{line[:60]!r} is no line of numbers", where=f"{path}, line {number}") from None
        if len(found[-1]) != len(found[0]) or not np.isfinite(found[-1]).all():
            raise UserError(f"{len(found[0])} finite numbers are needed", where=f"{path}, line {number}")
    if rows is not None and len(found) != rows:
        raise UserError(f"it has {len(found):,} lines, and {rows:,} are needed", where=path)
    return np.array(found)
