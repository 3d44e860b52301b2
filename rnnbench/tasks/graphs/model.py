"""What every model of graphs does: training on questions, exact evaluation, vectors of nodes for people to see."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.graphs.batch import GraphBatch
from rnnbench.data.graphs.graph import Kind
from rnnbench.errors import UserError
from rnnbench.examples import Example
from rnnbench.tasks.base import Loss, Measured, Spec, Task, evaluating, exact, exact_nats
from rnnbench.tasks.base.classes import CorpusClasses
from rnnbench.tasks.graphs.data import GraphData
from rnnbench.tasks.graphs.metrics import LinkScores


class Answers(NamedTuple):
    """What a model made of a batch."""

    scores: Tensor
    """``(Q, C)``: log-probabilities up to a constant."""
    penalty: Tensor | None = None
    """What training adds to the loss of each question, if anything."""


class GraphModel(Task[GraphData]):
    """A model that answers questions about graphs. Subclasses write `build`, `nodes` and `answer`."""

    application: ClassVar[str] = "graphs"
    monitor_mode: ClassVar[str] = "max"
    monitor = "validation/accuracy"
    kinds_of_questions: ClassVar[tuple[Kind, ...]] = ("node", "pair", "link", "graph")
    """What it can be asked about."""
    kind: Kind
    classes: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.scores: CorpusClasses | LinkScores = CorpusClasses()

    @abstractmethod
    def nodes(self, batch: GraphBatch) -> Tensor:
        """Vectors of nodes ``(N, H)``: what answers are made of."""

    @abstractmethod
    def answer(self, batch: GraphBatch) -> Answers:
        """Answers the questions of a batch."""

    def attention(self, batch: GraphBatch) -> tuple[Tensor, Tensor] | None:
        """Edges ``(2, E')`` and the attention that they get ``(E',)``; None for a model without."""
        return None

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around what is asked."""
        self.kind, self.classes = spec["kind"], list(spec["classes"])
        if self.kind not in self.kinds_of_questions:
            raise UserError(
                f"{type(self).__name__} answers questions about {' and '.join(self.kinds_of_questions)}; these are"
                f" about {self.kind}",
                where="model",
                hint="AutoEncoderModel, GatedModel and FeatureModel predict links",
            )
        if self.kind == "link":
            self.scores, self.monitor = LinkScores(), "validation/auc"
        super().use_spec(spec)

    def loss(self, batch: GraphBatch) -> Loss | None:
        """The mean cross-entropy over the questions."""
        found = self.answer(batch)
        return Loss(F.cross_entropy(found.scores, batch.y, reduction="sum"), len(batch.y), found.penalty)

    def evaluate(self, batch: GraphBatch) -> None:
        """See `Task.evaluate`."""
        self.enter(batch, self.answer(batch).scores)

    def enter(self, batch: GraphBatch, given: Tensor) -> None:
        """Enters answers into the metrics.

        Args:
            batch: The batch.
            given: Its scores ``(Q, C)``.
        """
        scores = exact(given)
        y = batch.y.to(scores.device)
        if isinstance(self.scores, LinkScores):
            self.scores.update(batch.ids, scores[:, 1] - scores[:, 0], y)
        else:
            self.scores.update(batch.ids, exact_nats(scores, y), y, scores.argmax(1))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, questions = self.scores.compute()
        return Measured({**values, **self.further()}, f"{self.kind}s:{questions}", list(values)[:1])

    def further(self) -> Mapping[str, float]:
        """Further metrics of what was entered."""
        return {}

    def probabilities(self, batch: GraphBatch) -> Tensor:
        """Probabilities of the classes ``(Q, C)`` float64, on the CPU."""
        with evaluating(self):
            moved = self.transfer_batch_to_device(batch, self.device, 0)
            return exact(self.answer(moved).scores).softmax(1).cpu()

    def examples(self) -> list[Example]:
        """See `Task.examples`: some questions of the test split."""
        from rnnbench.tasks.graphs.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws nodes, edges and the Laplacian's eigenvectors."""
        from rnnbench.tasks.graphs.show import draw_test

        draw_test(self)


def check_weights(spec: Spec, layer: str) -> None:
    """Refuses weights below 0 for filters of the Laplacian, whose degrees have to be positive.

    Args:
        spec: The data's spec.
        layer: Name of the layer.

    Raises:
        UserError: There are such weights.
    """
    if spec["negative"]:
        raise UserError(
            f"{layer} is a filter of the graph's Laplacian, and an edge has a weight below 0",
            where="data.source",
            hint="leave the column weight out or make it positive; GatedModel reads any weight",
        )
