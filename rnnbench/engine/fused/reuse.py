"""Saved values take the place of z where they can: half the memory, and half the memory traffic, of a training step.

The columns of z that a gate is computed from are not read again once it is computed. If what is saved for the
backward has the same width, it is written over them.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnnbench.engine.fused.emit import Loop, level_of, reads_of
from rnnbench.engine.fused.graph import Graph, Node, Piece, Store
from rnnbench.engine.fused.schedule import Kernel, Operation


def reuse_z(
    graph: Graph, forward: Sequence[Operation], backward: list[Store]
) -> tuple[list[Operation], list[Store], int, bool]:
    """Moves saved values to columns of z.

    Args:
        graph: Makes nodes.
        forward: Operations of a step; its kernels are rewritten.
        backward: What the backward writes, in terms of loads from ``saved``; z is not among what it loads.

    Returns:
        Both anew, the columns that ``saved`` still has, and whether z is written to.
    """
    kernels = [one for one in forward if isinstance(one, Kernel)]
    reads = [reads_of(kernel.stores) for kernel in kernels]
    taken: list[Node] = []
    places: dict[Node, Node] = {}
    columns = 0
    for k, kernel in enumerate(kernels):
        for store in kernel.stores:
            if store.buffer == "saved":
                old = graph.load("saved", store.start, store.piece.width)
                place = _place(store, k, reads, taken)
                if place is None:
                    place = graph.load("saved", columns, store.piece.width)
                    columns += store.piece.width
                else:
                    taken.append(place)
                places[old] = place
    rewritten: list[Operation] = []
    for one in forward:
        rewritten.append(Kernel(_moved(graph, one.stores, places)) if isinstance(one, Kernel) else one)
    return rewritten, _moved(graph, backward, places), columns, bool(taken)


def _place(store: Store, kernel: int, reads: list[list[tuple[Loop, Node]]], taken: list[Node]) -> Node | None:
    """Columns of z that nobody reads after this store; None where there are none."""
    own = Loop(level_of(store.piece.node), store.piece.width)
    candidates = {
        load: None
        for earlier in reads[: kernel + 1]
        for _, load in earlier
        if load.place[0] == "z" and load.width == store.piece.width > 1
    }
    for candidate in candidates:
        later = any(_overlap(candidate, load) for reader in reads[kernel + 1 :] for _, load in reader)
        clash = any(
            _overlap(candidate, load) and (loop > own or (loop == own and load is not candidate))
            for loop, load in reads[kernel]
        )
        if not later and not clash and not any(_overlap(candidate, other) for other in taken):
            return candidate
    return None


def _overlap(a: Node, b: Node) -> bool:
    (buffer, start), (other, first) = a.place, b.place
    return buffer == other and start < first + b.width and first < start + a.width


def _moved(graph: Graph, written: list[Store], places: dict[Node, Node]) -> list[Store]:
    table = dict(places)
    found = []
    for store in written:
        (node,) = graph.replace([store.piece.node], table)
        piece = Piece(node, store.piece.width)
        if store.buffer == "saved":
            buffer, start = places[graph.load("saved", store.start, store.piece.width)].place
            if node.op == "load" and node.place == (buffer, start):
                continue
            found.append(Store(buffer, start, piece))
        else:
            found.append(store._replace(piece=piece))
    return found
