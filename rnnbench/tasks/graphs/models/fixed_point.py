"""The graph neural network of 2009: states of nodes are the fixed point of one map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1, POSITIVE, Range
from rnnbench.tasks.base import Spec
from rnnbench.tasks.graphs.heads import Head
from rnnbench.tasks.graphs.layers.messages import Aggregation, FeatureLayer, aggregate
from rnnbench.tasks.graphs.layers.pooling import Pooling, SumPool
from rnnbench.tasks.graphs.metrics import Settled
from rnnbench.tasks.graphs.model import Answers, GraphModel
from rnnbench.tasks.graphs.models.convolution import RATE

_BELOW_1 = Range(above=0, most=1)
# How often the direction is turned in which the map stretches most.
_TURNS = 3

Map = Callable[[Tensor], Tensor]


class FixedPointModel(GraphModel):
    """States of nodes that the neighbours' states do not change any more.

        x_v = F(x)_v = sum over edges (u, v) of  W tanh(A l_v + B x_u + C l_u + b),  l being what features say
        answers are made of [x_v; l_v]

    F. Scarselli, M. Gori, A. C. Tsoi, M. Hagenbuchner and G. Monfardini, The Graph Neural Network Model, IEEE
    Transactions on Neural Networks 2009: the nonlinear form, equations 3 and 11. F is iterated until no state moves by
    more than the tolerance, each graph on its own, and gradients are those at the fixed point, found by an iteration
    back (Almeida 1987, Pineda 1987), so that memory does not grow with the rounds. There is one fixed point where F
    contracts: training adds ``contraction * max(0, stretch - stretch_limit)^2``, stretch being the largest singular
    value of F's derivative, and logs it as ``train/stretch``. ``settled`` is the share of questions whose graph came to
    rest.

    Args:
        hidden_size: Width of the states.
        embedding_size: Width of what is made of the features.
        aggregation: Whether the neighbours' parts are summed, as in the paper, or their mean is taken, which contracts
            sooner where nodes have many edges.
        tolerance: The largest change of a state at rest.
        max_rounds: After so many iterations states are taken as they are.
        contraction: Weight of the penalty.
        stretch_limit: From which stretch on it acts.
        dropout: Rate of dropout of the features.
        pooling: How the nodes of a graph become one vector, where graphs are asked about.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    def __init__(
        self,
        hidden_size: Annotated[int, AT_LEAST_1] = 32,
        embedding_size: Annotated[int, AT_LEAST_1] = 32,
        aggregation: Aggregation = "mean",
        tolerance: Annotated[float, POSITIVE] = 1e-4,
        max_rounds: Annotated[int, AT_LEAST_1] = 100,
        contraction: Annotated[float, AT_LEAST_0] = 10.0,
        stretch_limit: Annotated[float, _BELOW_1] = 0.9,
        dropout: Annotated[float, RATE] = 0.0,
        pooling: Callable[[int], Pooling] = SumPool,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.make_pooling = pooling
        self.hidden_size, self.embedding_size = hidden_size, embedding_size
        self.aggregation = aggregation
        self.tolerance, self.max_rounds = tolerance, max_rounds
        self.contraction, self.stretch_limit = contraction, stretch_limit
        self.dropout = dropout
        self.optimizer, self.scheduler = optimizer, scheduler
        self.settled = Settled()

    def build(self, spec: Spec) -> None:
        """Makes the layers."""
        self.reader = FeatureLayer(spec["features"], self.embedding_size, self.dropout)
        self.of_target = nn.Linear(self.embedding_size, self.hidden_size)
        self.of_source = nn.Linear(self.embedding_size, self.hidden_size, bias=False)
        self.of_state = nn.Linear(self.hidden_size, self.hidden_size, bias=False)
        self.output = nn.Linear(self.hidden_size, self.hidden_size, bias=False)
        size = self.hidden_size + self.embedding_size
        self.head = Head(self.kind, size, len(self.classes), self.make_pooling)

    def map_of(self, read: Tensor, batch: GraphBatch) -> Map:
        """The map F of states ``(N, H)``.

        Args:
            read: What is made of the features ``(N, E)``.
            batch: The graphs.
        """
        source, target = batch.edges
        fixed = self.of_target(read).index_select(0, target) + self.of_source(read).index_select(0, source)

        def once(states: Tensor) -> Tensor:
            parts = torch.tanh(fixed + self.of_state(states).index_select(0, source))
            return self.output(aggregate(parts, batch, self.aggregation))

        return once

    def states(self, read: Tensor, batch: GraphBatch) -> tuple[Tensor, Rest]:
        """States at rest ``(N, H)``, with gradients as at the fixed point, and where it lies."""
        once = self.map_of(read, batch)
        start = read.detach().new_zeros(len(read), self.hidden_size)
        rest = come_to_rest(once, start, batch, self.tolerance, self.max_rounds)
        if not torch.is_grad_enabled():
            return rest.states, rest
        states = once(rest.states)
        if states.requires_grad:
            here = rest.states.clone().requires_grad_()
            around = once(here)
            states.register_hook(lambda grad: self._back(grad, around, here))
        return states, rest

    def nodes(self, batch: GraphBatch) -> Tensor:
        """See `GraphModel.nodes`."""
        read = self.reader(batch.x)
        return torch.cat([self.states(read, batch)[0], read], 1)

    def answer(self, batch: GraphBatch) -> Answers:
        """See `GraphModel.answer`."""
        return self._answer_at_rest(batch)[0]

    def evaluate(self, batch: GraphBatch) -> None:
        """See `Task.evaluate`; enters, too, which graphs have come to rest."""
        found, rest = self._answer_at_rest(batch)
        self.enter(batch, found.scores)
        asked = batch.about[:, 0]
        self.settled.update(batch.ids, rest.settled[asked if self.kind == "graph" else batch.graph[asked]][:, None])

    def further(self) -> Mapping[str, float]:
        """The share of questions whose graph has come to rest."""
        return {"settled": self.settled.share()}

    def model_name(self) -> str:
        """Width."""
        return f"fixed point of {self.hidden_size} units"

    def _answer_at_rest(self, batch: GraphBatch) -> tuple[Answers, Rest]:
        read = self.reader(batch.x)
        states, rest = self.states(read, batch)
        scores, penalty = self.head(torch.cat([states, read], 1), batch)
        if self.training and self.contraction:
            stretched = stretch(self.map_of(read, batch), rest.states)
            self.log("train/stretch", stretched.detach(), batch_size=1)
            more = self.contraction * (stretched - self.stretch_limit).clamp(min=0).square()
            penalty = more if penalty is None else penalty + more
        return Answers(scores, penalty), rest

    def _back(self, grad: Tensor, around: Tensor, here: Tensor) -> Tensor:
        """Solves ``g = grad + (dF/dx)^T g``, what the gradient is once it has gone round and round."""
        found = grad
        for _ in range(self.max_rounds):
            (back,) = torch.autograd.grad(around, here, found, retain_graph=True)
            new = grad + back
            moved = (new - found).abs().max()
            found = new
            if moved <= self.tolerance * grad.abs().max():
                break
        return found


class Rest(NamedTuple):
    """Where an iteration ended."""

    states: Tensor
    """``(N, H)``, without gradients."""
    settled: Tensor
    """Whether a graph came to rest ``(G,)`` bool."""


@torch.no_grad()
def come_to_rest(once: Map, states: Tensor, batch: GraphBatch, tolerance: float, max_rounds: int) -> Rest:
    """Iterates a map, each graph until it rests: what a graph does hangs on no other one of the batch.

    Args:
        once: The map.
        states: Where it begins ``(N, H)``.
        batch: The graphs.
        tolerance: The largest change at rest.
        max_rounds: Most iterations.
    """
    moving = torch.ones(batch.graphs, dtype=torch.bool, device=states.device)
    for _ in range(max_rounds):
        new = once(states)
        moved = (new - states).abs().amax(1)
        most = moved.new_zeros(batch.graphs).scatter_reduce(0, batch.graph, moved, "amax")
        states = torch.where(moving[batch.graph][:, None], new, states)
        # Written so that a state that is no number never rests.
        moving = moving & ~(most <= tolerance)
        if not bool(moving.any()):
            break
    return Rest(states, ~moving)


def stretch(once: Map, states: Tensor) -> Tensor:
    """``()``: the largest singular value of a map's derivative, from below, by power iteration; differentiable.

    Args:
        once: The map.
        states: Where it is taken ``(N, H)``.
    """
    here = states.detach().clone().requires_grad_()
    there = once(here)
    # The product with the derivative is the derivative of the product with its transpose.
    dual = torch.zeros_like(there, requires_grad=True)
    (back,) = torch.autograd.grad(there, here, dual, create_graph=True)
    direction = torch.randn_like(states)
    for _ in range(_TURNS):
        (ahead,) = torch.autograd.grad(back, dual, direction, retain_graph=True)
        (direction,) = torch.autograd.grad(there, here, ahead, retain_graph=True)
        direction = direction / direction.norm().clamp(min=1e-12)
    (ahead,) = torch.autograd.grad(back, dual, direction, create_graph=True)
    return ahead.norm()
