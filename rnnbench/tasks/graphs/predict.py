"""Answers of a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.graphs.batch import GraphSamples
from rnnbench.data.graphs.check import Edges, checked
from rnnbench.data.graphs.graph import ABOUT, Asked, Graph, Questions, both_ways
from rnnbench.data.graphs.planetoid import read_planetoid
from rnnbench.data.graphs.tables import PAIRS, ends_of, find_table, read_graph, read_table
from rnnbench.data.lines import json_line
from rnnbench.errors import UserError
from rnnbench.reading import read_file
from rnnbench.tasks.base import Spec
from rnnbench.tasks.graphs.model import GraphModel

_FIELDS = ("x", "edges", "weights", "kinds", "ask")
_EXAMPLE = '{"x": [[0.5], [1.0]], "edges": [[0, 1]]}'


class Input(NamedTuple):
    """A graph, what is asked about it, and how its nodes are called."""

    where: str
    asked: Asked
    names: list[str]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="graph, nodes, answer and probability parted by tabs; or JSON with all probabilities (default: text)",
    )
    parser.add_argument("--directed", action="store_true", help="the edges of folders and of JSON have a direction")


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[tuple[str, bytes | None]]:
    """Names of the inputs and what stands in them; of a folder nothing yet."""
    found: list[tuple[str, bytes | None]] = []
    for name in names:
        if name == "-":
            found.append(("stdin", sys.stdin.buffer.read()))
        else:
            found.append((name, None if Path(name).is_dir() else read_file(Path(name))))
    if not found:
        raise UserError(
            "there is no graph", where="rnnbench predict", hint="name a .jsonl file, a folder or an .npz file"
        )
    return found


def predict(
    model: GraphModel, inputs: Sequence[tuple[str, bytes | None]], arguments: argparse.Namespace
) -> Iterator[str]:
    """Answers the questions about each graph.

    Args:
        model: A trained model.
        inputs: See `read_inputs`.
        arguments: The parsed options.

    Yields:
        A line for each question: graph, nodes, answer and its probability, parted by tabs; or a line of JSON.

    Raises:
        UserError: An input is no graph, or another than those of training.
    """
    spec = model.spec
    assert spec is not None
    # All of them before the first line: an answer is whole, or none.
    graphs = [one for name, data in inputs for one in read_graphs(name, data, spec, arguments.directed)]
    for where, asked, names in graphs:
        batch = GraphSamples([asked], spec["normalised"])([0], 0)
        for nodes, row in zip(asked.questions.about.tolist(), model.probabilities(batch), strict=True):
            best = int(row.argmax())
            called = [names[node] for node in nodes]
            if arguments.format == "json":
                probabilities = dict(zip(model.classes, row.tolist(), strict=True))
                answer = {"graph": where, "nodes": called, "answer": model.classes[best]}
                yield json_line({**answer, "probabilities": probabilities})
            else:
                fields = [
                    where,
                    *([" ".join(called)] if called else []),
                    model.classes[best],
                    f"{float(row[best]):.4f}",
                ]
                yield "\t".join(fields) + "\n"


def read_graphs(name: str, data: bytes | None, spec: Spec, directed: bool) -> list[Input]:
    """The graphs of an input.

    Args:
        name: A folder, an ``.npz`` file, or anything else with a graph on each line.
        data: Its content; None for a folder.
        spec: What the model knows of its data.
        directed: Whether edges have a direction.

    Raises:
        UserError: It holds no graph, or another than those of training.
    """
    found = _read(name, data, spec, directed)
    if not found:
        raise UserError("there is no graph in it", where=name, hint=_EXAMPLE)
    for one in found:
        _check(one.asked.graph, spec, one.where)
    return found


def _read(name: str, data: bytes | None, spec: Spec, directed: bool) -> list[Input]:
    if data is None:
        return [_of_folder(Path(name), spec, directed)]
    if name.endswith(".npz"):
        graph = next(iter(read_planetoid(data, Path(name)).splits.values()))[0].graph
        names = [str(node) for node in range(graph.x.shape[0])]
        return [Input(name, Asked(graph, _all_of(graph, spec, name)), names)]
    lines = split_lines(decode(data, name))
    return [
        _of_json(line, f"{name}, line {number}", spec, directed)
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _of_folder(folder: Path, spec: Spec, directed: bool) -> Input:
    """The graph of a folder, as `GraphFiles` reads it; labels and splits are not looked at."""
    found = read_graph(folder, directed or any(kind.endswith(", backwards") for kind in spec["kinds"]), {})
    if spec["names"] is not None and list(found.features) != spec["names"]:
        raise UserError(
            f"the features of nodes are {', '.join(found.features)}",
            where=folder,
            hint=f"in training they were {', '.join(spec['names'][:20])}",
        )
    graph = found.graph
    if graph.kinds is not None:
        graph = graph._replace(kinds=_numbered([found.kinds[kind] for kind in graph.kinds.tolist()], spec, str(folder)))
    pairs = find_table(folder, PAIRS, needed=ABOUT[spec["kind"]] == 2)
    if ABOUT[spec["kind"]] == 2:
        about = ends_of(read_table(pairs, ("source", "target"), {}), found.names)
        questions = Questions(about, np.zeros(len(about), dtype=np.int64))
    else:
        questions = _all_of(graph, spec, str(folder))
    return Input(str(folder), Asked(graph, questions), found.names)


def _of_json(line: str, where: str, spec: Spec, directed: bool) -> Input:
    """A graph as a line of JSON: x, edges, and maybe weights, kinds and ask."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"no JSON: {error}", where=where) from None
    if not isinstance(found, dict) or not {"x", "edges"} <= found.keys() <= set(_FIELDS):
        raise UserError(
            "no graph: an object with x and edges is needed, maybe with weights, kinds and ask",
            where=where,
            hint=_EXAMPLE,
        )
    x = _array(found["x"], np.float32, 2, "x", where)
    ends = _array(found["edges"], np.int64, 2, "edges", where)
    if ends.shape[1] != 2 or not len(x):
        raise UserError("edges are pairs of nodes, and there has to be a node", where=where)
    weights = _array(found["weights"], np.float32, 1, "weights", where) if "weights" in found else None
    if not isinstance(found.get("kinds", []), list):
        raise UserError("kinds has to be a list of names", where=where)
    kinds = _numbered(found["kinds"], spec, where) if "kinds" in found else None
    for name, part in (("weights", weights), ("kinds", kinds)):
        if part is not None and len(part) != len(ends):
            raise UserError(f"{len(ends)} edges have {len(part)} {name}", where=where)
    edges = checked(Edges(ends, weights, kinds), len(x), directed, lambda i: f"{where}, edge {i + 1}", where)
    weights = None if edges.weights is None else np.tile(edges.weights, 2)
    graph = Graph(x, both_ways(edges.ends), weights, _backwards(edges.kinds, len(edges.ends), spec, directed))
    questions = _all_of(graph, spec, where) if "ask" not in found else _asked(found["ask"], len(x), spec, where)
    return Input(where, Asked(graph, questions), [str(node) for node in range(len(x))])


def _backwards(kinds: NDArray[np.int64] | None, edges: int, spec: Spec, directed: bool) -> NDArray[np.int64] | None:
    """Kinds of edges both ways; the way back of one with a direction is a kind of its own."""
    if not directed:
        return None if kinds is None else np.tile(kinds, 2)
    forward = np.zeros(edges, dtype=np.int64) if kinds is None else kinds
    return np.concatenate([forward, forward + len(spec["kinds"]) // 2])


def _array(value: Any, dtype: type[np.generic], axes: int, name: str, where: str) -> NDArray[Any]:
    try:
        found = np.array(value, dtype=np.float64)
    except (ValueError, TypeError):
        found = np.empty(0)
    whole = dtype is not np.int64 or (np.isfinite(found).all() and (found == np.floor(found)).all())
    if found.ndim != axes or not whole or not np.isfinite(found).all():
        kind = "whole numbers" if dtype is np.int64 else "finite numbers"
        raise UserError(f"{name} has to be {'a list of lists' if axes == 2 else 'a list'} of {kind}", where=where)
    return found.astype(dtype)


def _numbered(kinds: Sequence[Any], spec: Spec, where: str) -> NDArray[np.int64]:
    known = {name: number for number, name in enumerate(spec["kinds"])}
    strange = next((kind for kind in kinds if str(kind) not in known), None)
    if strange is not None:
        raise UserError(f"there is no kind of edge {strange!r}", where=where, hint=f"known: {', '.join(known)}")
    return np.array([known[str(kind)] for kind in kinds], dtype=np.int64)


def _all_of(graph: Graph, spec: Spec, where: str) -> Questions:
    """The questions where none is named: about every node, or about the graph."""
    if ABOUT[spec["kind"]] == 2:
        raise UserError(
            "questions are about pairs of nodes, and none is named", where=where, hint='"ask": [[0, 1]], or pairs.csv'
        )
    count = graph.x.shape[0] if spec["kind"] == "node" else 1
    about = np.arange(count)[:, None] if spec["kind"] == "node" else np.empty((1, 0), dtype=np.int64)
    return Questions(about, np.zeros(count, dtype=np.int64))


def _asked(value: Any, nodes: int, spec: Spec, where: str) -> Questions:
    about = _array(value, np.int64, 2, "ask", where)
    wanted = ABOUT[spec["kind"]]
    if about.shape[1] != wanted or not len(about):
        raise UserError(f"a question names {wanted} nodes: {spec['kind']}", where=where)
    if about.min() < 0 or about.max() >= nodes:
        raise UserError(f"a question is about a node that is not there; there are nodes 0 to {nodes - 1}", where=where)
    return Questions(about, np.zeros(len(about), dtype=np.int64))


def _check(graph: Graph, spec: Spec, where: str) -> None:
    if graph.x.shape[1] != spec["features"]:
        raise UserError(
            f"nodes have {graph.x.shape[1]} features, and in training they had {spec['features']}", where=where
        )
    if graph.weights is not None and (graph.weights < 0).any() and not spec["negative"]:
        raise UserError("an edge has a weight below 0, and in training none had", where=where)
