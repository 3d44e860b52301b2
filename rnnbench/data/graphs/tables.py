"""A graph in tables: a list of edges, a table of nodes, and pairs of nodes whose relation is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.formats.columns import fields_of
from rnnbench.data.formats.text_file import read_pieces
from rnnbench.data.graphs.check import Edges, checked
from rnnbench.data.graphs.graph import Asked, Graph, GraphSet, Questions, both_ways
from rnnbench.data.graphs.source import GraphSource, check_shares, cut
from rnnbench.data.long_range.draws import Draws, key_of
from rnnbench.data.source import SPLITS, Split
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import SEED
from rnnbench.reading import user_path

NODES, EDGES, PAIRS = "nodes", "edges", "pairs"
_SUFFIXES = (".csv", ".tsv")
_OF_NODES = ("id", "label", "split")
_OF_EDGES = ("source", "target", "weight", "kind")
_OF_PAIRS = ("source", "target", "label", "split")
_NO_SPLIT = ""


class Table(NamedTuple):
    """The fields of a table by column, with the line of each row."""

    path: Path
    columns: dict[str, list[str]]
    lines: list[int]

    def place(self, row: int) -> str:
        """Where a row stands."""
        return f"{self.path}, line {self.lines[row]}"


class TableGraph(NamedTuple):
    """A graph that was read from tables."""

    graph: Graph
    names: list[str]
    """Names of the nodes."""
    features: tuple[str, ...]
    kinds: tuple[str, ...]


class GraphFiles(GraphSource):
    """One graph in a folder: ``nodes.csv``, ``edges.csv`` and, where a relation is asked for, ``pairs.csv`` (or .tsv).

    Nodes have an ``id``, maybe a ``label`` and a ``split``; all other columns are numbers, their features. Edges have a
    ``source`` and a ``target``, maybe a ``weight`` and a ``kind``. Pairs have ``source``, ``target``, ``label``, maybe
    ``split``: with that file, it is asked how two nodes are related, else for the label of a node. What has no label is
    asked about in no split.

    Args:
        path: The folder.
        directed: Whether edges have a direction. Messages go both ways all the same, as two kinds of edges (Li 2016).
        columns: Names of the columns where they are others, such as ``{label: class}``.
        splits: Shares of training, validation and test, where there is no column ``split``.
        seed: Seed of that choice.
    """

    def __init__(
        self,
        path: str,
        directed: bool = False,
        columns: Mapping[str, str] | None = None,
        splits: Sequence[float] = (0.6, 0.2, 0.2),
        seed: Annotated[int, SEED] = 1,
    ) -> None:
        self.path = user_path(path, "--data.source.path")
        self.dataset = self.path.resolve().name
        self.directed = directed
        self.columns = dict(columns or {})
        known = sorted({*_OF_NODES, *_OF_EDGES, *_OF_PAIRS})
        unknown = next((name for name in self.columns if name not in known), None)
        if unknown is not None:
            raise UserError(
                f"no column is called {unknown!r}", where="--data.source.columns", hint=did_you_mean(unknown, known)
            )
        self.shares = check_shares(splits, "--data.source.splits")
        self.seed = seed

    def read(self) -> GraphSet:
        """See `GraphSource.read`."""
        nodes = read_table(find_table(self.path, NODES), ("id",), self.columns)
        found = read_graph(self.path, self.directed, self.columns)
        pairs_file = find_table(self.path, PAIRS, needed=False)
        if pairs_file is None:
            asked = nodes
            about = np.arange(len(nodes.lines))[:, None]
        else:
            asked = read_table(pairs_file, ("source", "target", "label"), self.columns)
            about = ends_of(asked, found.names)
        if "label" not in asked.columns:
            raise UserError(
                f"there is no column label; there are: {', '.join(asked.columns)}",
                where=asked.path,
                hint="--data.source.columns '{label: NAME}' names it; of links alone asks HeldOutLinks",
            )
        labels = asked.columns["label"]
        classes = tuple(sorted({label for label in labels if label}, key=lambda name: (len(name), name)))
        numbers = {name: number for number, name in enumerate(classes)}
        y = np.array([numbers.get(label, -1) for label in labels])
        splits = {
            split: [Asked(found.graph, Questions(about[rows], y[rows]))]
            for split, rows in self._splits(asked, y).items()
        }
        return GraphSet("node" if pairs_file is None else "pair", classes, splits, found.features, found.kinds)

    def _splits(self, table: Table, y: NDArray[np.int64]) -> dict[Split, NDArray[np.int64]]:
        """Rows of each split, those without a label left out."""
        labelled = np.flatnonzero(y >= 0)
        if "split" not in table.columns:
            order = np.argsort(Draws(key_of(self.seed, "splits"), [0]).uniforms(len(labelled))[0], kind="stable")
            return {
                split: labelled[rows]
                for split, rows in cut(len(labelled), self.shares, order, f"{table.path}: labels").items()
            }
        named = table.columns["split"]
        for row, name in enumerate(named):
            if name not in (*SPLITS, _NO_SPLIT):
                raise UserError(f"there is no split {name!r}", where=table.place(row), hint=did_you_mean(name, SPLITS))
            if name and y[row] < 0:
                raise UserError(f"it belongs to {name} and has no label", where=table.place(row))
        rows: dict[Split, NDArray[np.int64]] = {}
        for split in SPLITS:
            rows[split] = np.array([row for row in labelled.tolist() if named[row] == split], dtype=np.int64)
            if not len(rows[split]):
                raise UserError(f"the split {split} has no row", where=table.path, hint="the column split names it")
        return rows


def find_table(folder: Path, name: str, needed: bool = True) -> Path | None:
    """The table of a name in a folder.

    Args:
        folder: The folder.
        name: Name of the file without extension.
        needed: Whether it has to be there.

    Raises:
        UserError: It is not there, and is needed.
    """
    found = next((path for suffix in _SUFFIXES if (path := folder / f"{name}{suffix}").is_file()), None)
    if found is None and needed:
        raise UserError(
            f"there is no {name}.csv and no {name}.tsv", where=folder, hint="a folder with nodes.csv and edges.csv"
        )
    return found


def read_table(path: Path | None, needed: Sequence[str], columns: Mapping[str, str]) -> Table:
    """The table of a file.

    Args:
        path: The file.
        needed: Columns that have to be there.
        columns: Their names, where they are others.

    Raises:
        UserError: It cannot be read, has no row, or a column is not there.
    """
    assert path is not None
    rows = fields_of(read_pieces(path), path)
    names = [name.strip() for name in next(rows, (0, []))[1]]
    back = {given: own for own, given in columns.items()}
    names = [back.get(name, name) for name in names]
    if len(set(names)) < len(names):
        raise UserError(f"two columns have one name: {', '.join(names)}", where=path)
    missing = next((name for name in needed if name not in names), None)
    if missing is not None:
        raise UserError(
            f"there is no column {missing}; there are: {', '.join(names)}",
            where=path,
            hint=f"--data.source.columns '{{{missing}: NAME}}' names it",
        )
    lines, fields = [], []
    for line, row in rows:
        if len(row) != len(names):
            raise UserError(f"line {line} has {len(row)} fields, and there are {len(names)} columns", where=path)
        lines.append(line)
        fields.append([field.strip() for field in row])
    if not lines:
        raise UserError("there is no row", where=path)
    return Table(
        path, {name: list(values) for name, values in zip(names, zip(*fields, strict=True), strict=True)}, lines
    )


def read_graph(folder: Path, directed: bool, columns: Mapping[str, str]) -> TableGraph:
    """The graph of a folder, see `GraphFiles`.

    Args:
        folder: The folder.
        directed: Whether its edges have a direction.
        columns: Names of columns, where they are others.

    Raises:
        UserError: A file is not there or cannot be read; a node has no name of its own, an edge leads to none of them,
            a feature or weight is no number, or there is no edge.
    """
    nodes = read_table(find_table(folder, NODES), ("id",), columns)
    names = nodes.columns["id"]
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if first.setdefault(name, row) != row:
            raise UserError(f"two nodes are called {name!r}", where=nodes.place(row))
    features = [name for name in nodes.columns if name not in _OF_NODES]
    x = np.ones((len(names), max(len(features), 1)), dtype=np.float32)
    for number, name in enumerate(features):
        x[:, number] = _numbers(nodes, name)
    table = read_table(find_table(folder, EDGES), ("source", "target"), columns)
    strange = next((name for name in table.columns if name not in _OF_EDGES), None)
    if strange is not None:
        raise UserError(
            f"a column {strange!r} means nothing here", where=table.path, hint=f"known: {', '.join(_OF_EDGES)}"
        )
    weights = _numbers(table, "weight") if "weight" in table.columns else None
    kinds: tuple[str, ...] = ("edge",)
    of_kind = None
    if "kind" in table.columns:
        kinds = tuple(sorted(set(table.columns["kind"])))
        of_kind = np.array([kinds.index(name) for name in table.columns["kind"]])
    read = Edges(ends_of(table, names), weights, of_kind)
    edges = checked(read, len(names), directed, table.place, table.path)
    twice = None if edges.weights is None else np.tile(edges.weights, 2)
    if directed:
        forward = edges.kinds if edges.kinds is not None else np.zeros(len(edges.ends), dtype=np.int64)
        of_both: NDArray[np.int64] | None = np.concatenate([forward, forward + len(kinds)])
        kinds = (*kinds, *(f"{name}, backwards" for name in kinds))
    else:
        of_both = None if edges.kinds is None else np.tile(edges.kinds, 2)
    return TableGraph(Graph(x, both_ways(edges.ends), twice, of_both), names, tuple(features or ["1"]), kinds)


def ends_of(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """The nodes that the rows of a table name ``(R, 2)``.

    Raises:
        UserError: A node is not there.
    """
    numbers = {name: number for number, name in enumerate(names)}
    found = np.empty((len(table.lines), 2), dtype=np.int64)
    for column, name in enumerate(("source", "target")):
        for row, node in enumerate(table.columns[name]):
            if node not in numbers:
                raise UserError(
                    f"the {name} is node {node!r}, which is not among the nodes",
                    where=table.place(row),
                    hint=did_you_mean(node, names) if len(names) < 1000 else "add it to the table of nodes",
                )
            found[row, column] = numbers[node]
    return found


def _numbers(table: Table, column: str) -> NDArray[np.float32]:
    found = np.empty(len(table.lines), dtype=np.float32)
    for row, text in enumerate(table.columns[column]):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UserError(
                f"column {column!r} holds {text!r}, which is no finite number",
                where=table.place(row),
                hint="features and weights are numbers; write a class as several columns of 0 and 1",
            )
        found[row] = number
    return found
