"""Saved values take the place of z where they can, and gradients theirs: less memory, and less memory traffic.

The columns of z that a gate is computed from are not read again once it is computed. If what is saved for the
backward has the same width, it is written over them. The backward reads them for the last time when it computes the
gradient of z, which can take their place in turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnbench.engine.traced.buffers import SAVED, Buffer, Z
from rnnbench.engine.traced.graph import Graph, Node, Piece, Store, reachable
from rnnbench.engine.traced.loops import Arrangement, Levels, Loop
from rnnbench.engine.traced.schedule import Kernel, Operation


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
    reads = [Arrangement(kernel.stores).reads for kernel in kernels]
    taken: list[Node] = []
    places: dict[Node, Node] = {}
    columns = 0
    for k, kernel in enumerate(kernels):
        for store in kernel.stores:
            if store.buffer == SAVED:
                old = graph.load(SAVED, store.start, store.piece.width)
                place = _place(store, k, reads, taken)
                if place is None:
                    place = graph.load(SAVED, columns, store.piece.width)
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
    own = Loop(Levels().of(store.piece.node), store.piece.width)
    candidates = {
        load: None
        for earlier in reads[: kernel + 1]
        for _, load in earlier
        if load.place[0] == Z and load.width == store.piece.width > 1
    }
    # First the columns that it is computed from: their gradient is what is made of it.
    origins = reachable([store.piece.node])
    for candidate in sorted(candidates, key=lambda load: load not in origins):
        if _is_read_last(candidate, own, reads[kernel:]) and not any(_overlap(candidate, other) for other in taken):
            return candidate
    return None


def reuse_kept(
    graph: Graph,
    backward: Sequence[Operation],
    widths: Mapping[Buffer, int],
    gradients: Sequence[Buffer],
    kept: Sequence[Buffer],
) -> dict[Buffer, Buffer]:
    """Which gradients may be written over what was kept for the backward, column on column.

    Args:
        graph: Makes nodes.
        backward: Operations of a step backward.
        widths: Widths of buffers.
        gradients: Buffers of gradients, one row a sequence and step.
        kept: Buffers that have as many rows and are nobody else's.

    Returns:
        What each gradient may be written over; a row of it may be wider.
    """
    found: dict[Buffer, Buffer] = {}
    for gradient in gradients:
        for buffer in kept:
            # The gradient of z goes on as a tensor of its own, with nothing between its rows.
            spare = widths[buffer] - widths[gradient]
            wide_enough = spare == 0 or (spare > 0 and gradient != Z.gradient)
            if buffer not in found.values() and wide_enough and _fits(graph, backward, gradient, buffer):
                found[gradient] = buffer
                break
    return found


def _fits(graph: Graph, backward: Sequence[Operation], gradient: Buffer, buffer: Buffer) -> bool:
    kernels = [one for one in backward if isinstance(one, Kernel)]
    reads = [Arrangement(kernel.stores).reads for kernel in kernels]
    return all(
        _is_read_last(
            graph.load(buffer, store.start, store.piece.width),
            Loop(Levels().of(store.piece.node), store.piece.width),
            reads[k:],
        )
        for k, kernel in enumerate(kernels)
        for store in kernel.stores
        if store.buffer == gradient
    )


def _is_read_last(place: Node, loop: Loop, reads: list[list[tuple[Loop, Node]]]) -> bool:
    """Whether nobody reads a place after a loop of the first of some kernels, nor that loop but in the same order."""
    here, *later = reads
    return not any(_overlap(place, load) for reader in later for _, load in reader) and not any(
        _overlap(place, load) and (reader > loop or (reader == loop and load is not place)) for reader, load in here
    )


def _overlap(a: Node, b: Node) -> bool:
    (buffer, start), (other, first) = a.place, b.place
    return buffer == other and start < first + b.width and first < start + a.width


def _moved(graph: Graph, written: list[Store], places: dict[Node, Node]) -> list[Store]:
    table = dict(places)
    found = []
    for store in written:
        (node,) = graph.replace([store.piece.node], table)
        piece = Piece(node, store.piece.width)
        if store.buffer == SAVED:
            buffer, start = places[graph.load(SAVED, store.start, store.piece.width)].place
            if node.op == "load" and node.place == (buffer, start):
                continue
            found.append(Store(buffer, start, piece))
        else:
            found.append(store._replace(piece=piece))
    return found
