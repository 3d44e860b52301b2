"""Whether a list of edges is one, and what of it is not taken as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.notice import tell
from rnnbench.errors import UserError

Place = Callable[[int], str]
"""Says where the edge of a number stands."""


class Edges(NamedTuple):
    """Edges ``(E, 2)``, each once, with what belongs to them ``(E,)``; None for nothing."""

    ends: NDArray[np.int64]
    weights: NDArray[np.float32] | None
    kinds: NDArray[np.int64] | None


def checked(edges: Edges, nodes: int, directed: bool, place: Place, where: object) -> Edges:
    """Edges of one graph, each once and none from a node to itself.

    What stands twice, and what leads from a node to itself, is told and left out once; a node without an edge is told.

    Args:
        edges: The edges as they were read.
        nodes: Number of nodes.
        directed: Whether an edge and the one back are two.
        place: Where an edge stands.
        where: The file.

    Raises:
        UserError: An edge names a node that is not there, a weight is no finite number, an edge stands twice with
            different weights, or there is no edge.
    """
    ends = edges.ends
    outside = np.flatnonzero(((ends < 0) | (ends >= nodes)).any(1))
    if len(outside):
        first = int(outside[0])
        wrong = next(node for node in ends[first].tolist() if not 0 <= node < nodes)
        raise UserError(
            f"an edge leads to node {wrong}, and there are {nodes:,} nodes: 0 to {nodes - 1}",
            where=place(first),
            hint="add the node, or leave the edge out",
        )
    if edges.weights is not None and len(broken := np.flatnonzero(~np.isfinite(edges.weights))):
        raise UserError("the weight of an edge is no finite number", where=place(int(broken[0])))
    loops = ends[:, 0] == ends[:, 1]
    if loops.any():
        tell(f"{where}: {int(loops.sum()):,} edges lead from a node to itself and are left out; layers add their own")
    keys = _keys(ends, edges.kinds, nodes, directed)
    keys = np.where(loops, -1, keys)
    _, first_of, which = np.unique(keys, return_index=True, return_inverse=True)
    first_place = first_of[which]
    twice = np.flatnonzero((first_place != np.arange(len(keys))) & ~loops)
    if len(twice):
        _check_twice(edges, first_place, twice, place)
        tell(f"{where}: {len(twice):,} edges stand there twice and count once; the first: {place(int(twice[0]))}")
    kept = np.flatnonzero((first_place == np.arange(len(keys))) & ~loops)
    weights = None if edges.weights is None else edges.weights[kept]
    kinds = None if edges.kinds is None else edges.kinds[kept]
    found = Edges(ends[kept], weights, kinds)
    if not len(found.ends):
        raise UserError(
            "a graph with no edge", where=where, hint="without edges there is nothing to learn but the features"
        )
    alone = nodes - len(np.unique(found.ends))
    if alone:
        tell(f"{where}: {alone:,} of {nodes:,} nodes have no edge; a network sees nothing of them but their features")
    return found


def _check_twice(edges: Edges, first_place: NDArray[np.int64], twice: NDArray[np.int64], place: Place) -> None:
    if edges.weights is None:
        return
    other = twice[edges.weights[twice] != edges.weights[first_place[twice]]]
    if len(other):
        here, before = int(other[0]), int(first_place[other[0]])
        raise UserError(
            f"the edge stands twice, with the weights {edges.weights[before]:g} and {edges.weights[here]:g}",
            where=place(here),
            hint=f"leave one of them out; the other is {place(before)}",
        )


def _keys(ends: NDArray[np.int64], kinds: NDArray[np.int64] | None, nodes: int, directed: bool) -> NDArray[np.int64]:
    """A number for each edge; the same one for the same edge."""
    pair = ends if directed else np.sort(ends, axis=1)
    key = pair[:, 0] * nodes + pair[:, 1]
    return key if kinds is None else key * (int(kinds.max(initial=0)) + 1) + kinds
