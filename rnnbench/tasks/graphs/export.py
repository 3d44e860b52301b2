"""A model of graphs as a graph of tensors: nodes, edges and questions to the answers' probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import ABOUT
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Axes, Computed, Graph
from rnnbench.tasks.graphs.model import GraphModel
from rnnbench.tasks.graphs.models.fixed_point import FixedPointModel


def graph(model: GraphModel) -> Graph:
    """Features ``x (N, F)``, ``edges (2, E)`` and their ``weights (E,)`` -> probabilities ``(Q, C)``.

    Numbers are int64, features and weights float32. Where there are several kinds of edges, ``kinds (E,)`` comes in,
    too. Questions are ``about (Q, K)``, the nodes that each names; where graphs are asked about, ``about (Q, 1)`` are
    all graphs, and ``graph (N,)`` says to which a node belongs.

    Args:
        model: A trained model.

    Raises:
        UserError: It iterates until its states are at rest.
    """
    spec = model.spec
    assert spec is not None
    if isinstance(model, FixedPointModel):
        raise UserError(
            "how often states go round until they are at rest hangs on numbers, and such a loop is no graph",
            where="rnnbench export",
            hint="predict answers: rnnbench predict --run RUN",
        )
    width, kinds, of_graphs = spec["features"], len(spec["kinds"]), model.kind == "graph"
    inputs: dict[str, Axes] = {"x": ("nodes", width), "edges": (2, "edges"), "weights": ("edges",)}
    if kinds > 1:
        inputs["kinds"] = ("edges",)
    if of_graphs:
        inputs["graph"] = ("nodes",)
    inputs["about"] = ("questions", ABOUT[model.kind] or 1)

    def compute(*tensors: Tensor) -> tuple[Tensor]:
        given = dict(zip(inputs, tensors, strict=True))
        x, about = given["x"], given["about"]
        ids = torch.arange(about.shape[0], device=x.device)
        batch = GraphBatch(
            x=x,
            edges=given["edges"],
            weights=given["weights"],
            kinds=given.get("kinds"),
            graph=given["graph"] if of_graphs else torch.zeros_like(x[:, 0], dtype=torch.int64),
            graphs=about.shape[0] if of_graphs else 1,
            about=about,
            y=ids,
            ids=ids,
            tokens=0,
        )
        return (model.answer(batch).scores.softmax(1),)

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        nodes, edges = batch * steps, 2 * batch * steps
        of = torch.arange(batch).repeat_interleave(steps)
        # Within the graph of the first node.
        source = torch.randint(nodes, (edges,))
        target = of[source] * steps + torch.randint(steps, (edges,))
        about = torch.arange(batch)[:, None] if of_graphs else torch.randint(nodes, (batch, ABOUT[model.kind]))
        given = {
            "x": torch.rand(nodes, width),
            "edges": torch.stack([source, target]),
            "weights": torch.rand(edges),
            "kinds": torch.randint(kinds, (edges,)),
            "graph": of,
            "about": about,
        }
        return tuple(given[name] for name in inputs)

    return Graph(
        module=Computed(model, compute),
        inputs=inputs,
        outputs=("probabilities",),
        example=example,
        beside={
            "application": model.application,
            "asked": model.kind,
            **{name: spec[name] for name in ("classes", "names", "kinds", "normalised")},
        },
    )
