"""Graphs and what is asked about them, in batches."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from rnnbench.data.batches.bucket import Budget
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.graphs.batch import GraphSamples
from rnnbench.data.graphs.graph import Asked, GraphSet
from rnnbench.data.graphs.source import GraphSource
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Split
from rnnbench.tasks.base import BucketedData, Spec


class GraphData(BucketedData[GraphSamples]):
    """Graphs with questions about their nodes, pairs of nodes, or the graphs themselves.

    Args:
        source: Where the graphs come from.
        normalised: Whether the features of a node are divided by their sum.
        batch_size: Graphs of a batch of one process. A graph is never cut.
        num_workers: Processes that read ahead.
    """

    inputs = "graphs.jsonl"

    def __init__(
        self, source: GraphSource, normalised: bool = False, batch_size: int = 32, num_workers: int = 0
    ) -> None:
        super().__init__(source, Budget(batch_size=batch_size), num_workers)
        self.normalised = normalised
        self._spec: Spec | None = None
        self._details: dict[str, str | int | float] = {}

    @property
    def spec(self) -> Spec:
        """What is asked about, the classes, and what nodes and edges bring."""
        assert self._spec is not None, "setup comes first"
        return self._spec

    def details(self) -> dict[str, str | int | float]:
        """Graphs, nodes, edges, and questions of each split."""
        return self._details

    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """See `BucketedData.read`."""
        assert isinstance(self.source, GraphSource)
        found = self.source.read()
        asked = [one for split in found.splits.values() for one in split]
        graphs = {id(one.graph): one.graph for one in asked}.values()
        self.fingerprint = fingerprint(
            {split: map(_as_row, some) for split, some in found.splits.items()},
            kind=found.kind,
            classes=list(found.classes),
            normalised=self.normalised,
        )
        self._details = {
            "graphs": len(graphs),
            "nodes": sum(one.x.shape[0] for one in graphs),
            "edges": sum(len(one.edges) for one in graphs),
            "classes": ", ".join(found.classes),
        }
        self._details |= {
            f"{split}_questions": sum(len(one.questions.y) for one in some) for split, some in found.splits.items()
        }
        self._spec = spec_of(found, self.normalised)
        for split in wanted:
            apart = found.apart if split == "train" else None
            self.splits[split] = GraphSamples(found.splits[split], self.normalised, apart, self.global_seed)

    def padding(self) -> dict[str, float]:
        """Nothing: graphs stand side by side."""
        return {}


def spec_of(found: GraphSet, normalised: bool) -> Spec:
    """What a model must know of a data set.

    Args:
        found: The data set.
        normalised: Whether features are divided by their sum.
    """
    first = next(one.graph for split in found.splits.values() for one in split)
    weights = [one.graph.weights for split in found.splits.values() for one in split]
    return {
        "kind": found.kind,
        "classes": list(found.classes),
        "features": int(first.x.shape[1]),
        "names": None if found.features is None else list(found.features),
        "kinds": list(found.kinds),
        "normalised": normalised,
        "negative": any(part is not None and bool((part < 0).any()) for part in weights),
    }


def _as_row(asked: Asked) -> dict[str, Any]:
    graph, questions = asked
    parts: list[NDArray[Any]] = [graph.edges, questions.about, questions.y]
    if isinstance(graph.x, csr_array):
        parts += [graph.x.indptr, graph.x.indices, graph.x.data.astype("<f4")]
    else:
        parts.append(graph.x.astype("<f4"))
    parts += [part for part in (graph.weights, graph.kinds) if part is not None]
    digest = hashlib.sha256()
    for part in parts:
        kind = "<f4" if part.dtype.kind == "f" else "<i8"
        digest.update(repr(part.shape).encode() + np.ascontiguousarray(part, dtype=kind).tobytes())
    return {"graph": digest.hexdigest()}
