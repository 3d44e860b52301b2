"""What a run shows of its test split: some questions, and pictures of nodes, edges and the Laplacian."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import evaluating, exact
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.base.plane import principal_axes
from rnnbench.tasks.graphs.model import GraphModel
from rnnbench.tasks.graphs.pictures import EDGES, LAPLACIAN, NODES, draw_edges, draw_laplacian, draw_nodes
from rnnbench.tasks.graphs.spectrum import spectrum_of

_EXAMPLES = 6
_GRAPHS_DRAWN = 40
_MOST_NEIGHBOURS = 12


def examples_of(model: GraphModel) -> list[Example]:
    """Questions of the test split: what they are about, what is right, what was said.

    Args:
        model: A model that was tested just now.
    """
    samples = model.data.splits["test"]
    batch = samples(list(range(min(_EXAMPLES, len(samples.lengths)))), 0)
    found = model.probabilities(batch)
    # From all over the questions: of links the first half are edges.
    chosen = np.linspace(0, len(batch.y) - 1, min(_EXAMPLES, len(batch.y))).round().astype(int)
    return [_example(model, batch, int(number), found[number]) for number in chosen.tolist()]


def _example(model: GraphModel, batch: GraphBatch, number: int, found: torch.Tensor) -> Example:
    about = batch.about[number].tolist()
    best = int(found.argmax())
    if model.kind == "graph":
        nodes = int((batch.graph == about[0]).sum())
        edges = int((batch.graph[batch.edges[0]] == about[0]).sum())
        shown = plain("graph", f"{nodes} nodes, {edges // 2} edges")
    else:
        first = int((batch.graph < batch.graph[about[0]]).sum())
        names = [str(node - first) for node in about]
        degrees = [str(int((batch.edges[1] == node).sum())) for node in about]
        shown = plain(
            "node" if len(about) == 1 else "nodes", f"{' and '.join(names)}, with {' and '.join(degrees)} neighbours"
        )
    said = f"{model.classes[best]} ({100 * float(found[best]):.1f} %)"
    return (shown, plain("answer", model.classes[int(batch.y[number])]), plain("model", said))


def draw_test(model: GraphModel) -> None:
    """Draws the pictures of the card into the run folder.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    samples = model.data.splits["test"]
    batch = samples(list(range(min(_GRAPHS_DRAWN, len(samples.lengths)))), 0)
    with evaluating(model):
        vectors = exact(model.nodes(model.transfer_batch_to_device(batch, model.device, 0))).cpu().numpy()
    draw_nodes(folder / NODES, principal_axes(vectors), classes_of_nodes(model, batch), model.classes)
    around = neighbourhood(model, samples([0], 0))
    draw_edges(folder / EDGES, around.title, around.middle, around.names, around.values)
    draw_laplacian(folder / LAPLACIAN, spectrum_of(samples.graph(0)))
    for name in (NODES, EDGES, LAPLACIAN):
        record_picture(model.trainer, name)


def classes_of_nodes(model: GraphModel, batch: GraphBatch) -> NDArray[np.int64]:
    """The class by which a node is coloured ``(N,)``; -1 for one that nothing is known of.

    Of a question about nodes it is that of the last node it names, and of links none.
    """
    found = np.full(batch.tokens, -1, dtype=np.int64)
    if model.kind == "graph":
        of_graph = np.full(batch.graphs, -1, dtype=np.int64)
        of_graph[batch.about[:, 0].numpy()] = batch.y.numpy()
        return of_graph[batch.graph.numpy()]
    if model.kind != "link":
        found[batch.about[:, -1].numpy()] = batch.y.numpy()
    return found


class Around(NamedTuple):
    """A node and its neighbours."""

    title: str
    middle: str
    names: list[str]
    values: list[float]


def neighbourhood(model: GraphModel, batch: GraphBatch) -> Around:
    """What a node hears over each of its edges: attention, or how an answer changes where an edge is left out.

    The node is the last one of a question of the test; of those with at most 12 neighbours one with the most.

    Args:
        model: A trained model.
        batch: One graph with its questions.
    """
    source, target = batch.edges
    degrees = torch.bincount(target, minlength=batch.tokens)
    asked = batch.about[:, -1] if model.kind != "graph" else torch.arange(batch.tokens)
    few = torch.where(degrees[asked] <= _MOST_NEIGHBOURS, degrees[asked], -1)
    # Of a graph whose nodes have more, that with the fewest, and of it the first ones.
    which = int(few.argmax()) if int(few.max()) > 0 else int(degrees[asked].argmin())
    node = int(asked[which])
    question = 0 if model.kind == "graph" else which
    edges = (target == node).nonzero()[:_MOST_NEIGHBOURS, 0]
    names = [str(int(one)) for one in source[edges]]
    with evaluating(model):
        moved = model.transfer_batch_to_device(batch, model.device, 0)
        attention = model.attention(moved)
        if attention is not None:
            of_edge = {
                (int(a), int(b)): float(weight)
                for a, b, weight in zip(*attention[0].tolist(), attention[1].tolist(), strict=True)
                if int(b) == node
            }
            values = [of_edge[int(one), node] for one in source[edges]]
            title = f"attention of node {node}; to itself: {of_edge.get((node, node), 0.0):.2f}"
            return Around(title, str(node), names, values)
    whole = model.probabilities(batch)[question]
    said = int(whole.argmax())
    values = []
    for edge in edges.tolist():
        there = ~(((source == source[edge]) & (target == node)) | ((source == node) & (target == source[edge])))
        values.append(float(whole[said] - model.probabilities(without_edges(batch, there))[question][said]))
    loses = f"what the answer {model.classes[said]!r} ({100 * float(whole[said]):.0f} %) loses"
    title = f"{loses}\nwithout an edge of node {node}"
    return Around(title, str(node), names, values)


def without_edges(batch: GraphBatch, kept: torch.Tensor) -> GraphBatch:
    """A batch with some of its edges.

    Args:
        batch: The batch.
        kept: Which ones ``(E,)`` bool.
    """
    return batch._replace(
        edges=batch.edges[:, kept],
        weights=None if batch.weights is None else batch.weights[kept],
        kinds=None if batch.kinds is None else batch.kinds[kept],
    )
