"""What every probe does: reads the states of a network that it does not change, and fits classifiers to them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.backbone import Backbone
from rnnbench.backbone.units import count_units
from rnnbench.errors import UserError
from rnnbench.examples import Example
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.base import CountingModel, Measured, Spec, exact
from rnnbench.tasks.probe.data import ProbeData, TextBatch
from rnnbench.tasks.probe.metrics import ProbeScores
from rnnbench.tasks.probe.regression import Examples, heads
from rnnbench.tasks.probe.states import Pooling, read_states
from rnnbench.tasks.probe.threshold import best_unit
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel

_COLLECTED = ("states", "classes")


class StateProbe(CountingModel[ProbeData]):
    """A linear classifier of the state that a language model is in after a text.

        t = tanh(state after the text),   x = (t - mean) / deviation,   P(class 1) = sigmoid(w . x + b)

    with mean and deviation of the training texts, so that a unit counts as much whatever its range, and w found with an
    L1 penalty whose strength is chosen on the validation split. Nothing of the network is trained.

    A. Radford, R. Jozefowicz and I. Sutskever, Learning to Generate Reviews and Discovering Sentiment, arXiv
    1704.01444 (2017), where features are t as it is.

    In training, states are collected batch by batch; classifiers are fitted to them when the epoch is over. Subclasses
    write `make_network`.

    Args:
        pooling: What of a text is read: the state after its last token, or the mean of t over all tokens.
        draws: Draws of 10, 30, 100, ... labels, for the accuracy against the number of labels.
    """

    application: ClassVar[str] = "probe"
    baseline: ClassVar[bool] = False
    monitor = "validation/accuracy"
    monitor_mode: ClassVar[str] = "max"
    tables = (*_COLLECTED, "mean", "deviation", "weights", "biases", "labels", "threshold", "unit")
    class_names: list[str]
    network: LanguageModel
    states: Tensor
    """``(N, U)``: states of the training texts, while they are collected."""
    classes: Tensor
    """``(N,)`` int64: their classes; -1 for a text that was not read yet."""
    mean: Tensor
    """``(U,)`` float64: of t."""
    deviation: Tensor
    """``(U,)`` float64: of t."""
    weights: Tensor
    """``(K, U)`` float64: a row for each classifier, that of all labels last."""
    biases: Tensor
    """``(K,)`` float64."""
    labels: Tensor
    """``(K,)`` int64: numbers of labels that they were fitted to."""
    threshold: Tensor
    """``(1,)`` float64: of the best unit."""
    unit: Tensor
    """``(2,)`` int64: number of the best unit, and 1 or -1 where class 1 is above or below the threshold."""

    def __init__(self, pooling: Pooling = "last", draws: Annotated[int, AT_LEAST_1] = 5) -> None:
        super().__init__()
        if pooling not in ("last", "mean"):
            raise UserError(f"must be last or mean, found {pooling!r}", where="model.pooling")
        if (problem := AT_LEAST_1.complaint(draws)) is not None:
            raise UserError(problem, where="model.draws")
        self.pooling: Pooling = pooling
        self.draws = draws
        self.scores = ProbeScores()

    @abstractmethod
    def make_network(self) -> LanguageModel:
        """The network, which is read and not trained."""

    def build(self, spec: Spec) -> None:
        """Takes the network; what is to be found is empty."""
        super().build(spec)
        self.class_names = list(spec["labels"])
        self.network = self.make_network().requires_grad_(False)

    @property
    def backbone(self) -> Backbone:
        """The network's recurrent stack."""
        return self.network.backbone

    @property
    def fitted(self) -> bool:
        """Whether there are classifiers."""
        return len(self.biases) > 0

    @property
    def best_unit(self) -> tuple[int, float, int]:
        """Number of the best unit, its threshold, and 1 or -1 where the second class is above or below it."""
        unit, sign = self.unit.tolist() if self.fitted else (0, 1)
        return unit, float(self.threshold) if self.fitted else 0.0, sign

    def on_train_start(self) -> None:
        """Makes room for the states; a run that goes on has its own from the checkpoint."""
        if not self.fitted and not len(self.states):
            texts = len(self.data.splits["train"].texts)
            self.states = torch.zeros(texts, count_units(self.backbone), device=self.device)
            self.classes = torch.full((texts,), -1, device=self.device)

    def count_batch(self, batch: TextBatch) -> None:
        """Reads the texts of a batch, and keeps their states."""
        if self.fitted:
            return
        states = self.states_of(batch.texts)
        # Not where the largest batch is tried, before there is room for any.
        if len(self.states):
            self.states[batch.ids] = states.float()
            self.classes[batch.ids] = batch.y

    def states_of(self, texts: tuple[str, ...]) -> Tensor:
        """States ``(B, U)`` after texts."""
        return read_states(self.network, texts, self.pooling)

    def features(self, states: Tensor) -> Tensor:
        """What the classifiers see of states ``(B, U)``; float64."""
        return (self.bounded(states) - exact(self.mean)) / exact(self.deviation)

    def bounded(self, states: Tensor) -> Tensor:
        """States within -1 and 1, float64: what is a mean is so already."""
        return exact(states) if self.pooling == "mean" else exact(states).tanh()

    def probabilities(self, states: Tensor) -> Tensor:
        """Probabilities ``(B, 2)`` of the classes by the classifier of all labels; float64."""
        scores = self._scores(states)[:, -1]
        return torch.stack([(-scores).sigmoid(), scores.sigmoid()], 1)

    def by_unit(self, values: Tensor) -> Tensor:
        """Classes ``(B,)`` int64 that the best unit gives, by its values ``(B,)``."""
        _, threshold, sign = self.best_unit
        return (sign * (exact(values) - threshold) > 0).long()

    def evaluate(self, batch: TextBatch) -> None:
        """See `Task.evaluate`."""
        states = self.states_of(batch.texts)
        scores = self._scores(states)
        value = states[:, self.best_unit[0]]
        y = batch.y.to(scores.device)
        nats = F.softplus(torch.where(y == 1, -scores[:, -1], scores[:, -1]))
        self.scores.update(batch.ids, nats, y, scores > 0, value, self.by_unit(value))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, texts = self.scores.compute()
        return Measured(values, f"texts:{texts}|classes:2", ("accuracy", "unit_accuracy"))

    def on_validation_start(self) -> None:
        """Fits the classifiers before the validation that follows an epoch."""
        trainer = self.trainer
        if trainer.state.fn == "fit" and not trainer.sanity_checking and trainer.is_last_batch:
            self.fit_classifiers()

    def on_train_epoch_end(self) -> None:
        """Fits the classifiers where no validation was in between."""
        self.fit_classifiers()

    def fit_classifiers(self) -> None:
        """Fits classifiers and a threshold to the states that were collected, once."""
        if self.fitted:
            return
        read = self.classes >= 0
        states, classes = self.states[read], self.classes[read]
        if len(classes.unique()) < 2:
            raise UserError("only texts of one class were read", where="trainer.limit_train_batches", hint="read more")
        bounded = self.bounded(states)
        self.mean, self.deviation = bounded.mean(0), bounded.std(0, correction=0).clamp(min=1e-8)
        train = Examples(self.features(states).cpu().numpy(), classes.cpu().numpy())
        found = list(heads(train, self._validation(), self.draws, self.data.global_seed))
        self.weights = torch.from_numpy(np.stack([head.weights for head in found])).to(self.mean)
        self.biases = self.mean.new_tensor([head.bias for head in found])
        self.labels = torch.tensor([head.labels for head in found], device=self.mean.device)
        rule = best_unit(states.cpu().numpy(), train.y)
        self.threshold = self.mean.new_tensor([rule.threshold])
        self.unit = self.labels.new_tensor([rule.unit, rule.sign])
        used = int((self.weights[-1] != 0).sum())
        above = "above" if rule.sign > 0 else "below"
        self.data.tell(
            f"{used:,} of {states.shape[1]:,} units have a weight (C = {found[-1].strength:g}); unit {rule.unit} alone:"
            f" {100 * rule.right / len(train.y):.1f} % of train, {self.class_names[1]} {above} {rule.threshold:.4g}"
        )
        # They are of no use any more, and large.
        self.states, self.classes = self.states[:0, :0], self.classes[:0]

    def examples(self) -> list[Example]:
        """See `Task.examples`: texts coloured by the best unit."""
        from rnnbench.tasks.probe.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws the unit's values and the accuracy against the number of labels."""
        from rnnbench.tasks.probe.show import record_pictures

        record_pictures(self)

    def num_parameters(self) -> int:
        """Those of the network, and the weights of the classifier of all labels."""
        own = int((self.weights[-1] != 0).sum()) + 1 if self.fitted else 0
        return sum(weight.numel() for weight in self.network.parameters()) + own

    def named_axes(self) -> Mapping[str, Any] | None:
        """None: a probe begins from a network by its options."""
        return None

    def _scores(self, states: Tensor) -> Tensor:
        """Scores ``(B, K)`` of class 1 by all classifiers, float64; before there are some, one to which all is even."""
        if not self.fitted:
            return exact(states).new_zeros(len(states), 1)
        return self.features(states) @ exact(self.weights).T + exact(self.biases)

    def _validation(self) -> Examples:
        states, classes = [], []
        for batch in self.data.val_dataloader():
            states.append(self.states_of(batch.texts))
            classes.append(batch.y)
        return Examples(self.features(torch.cat(states)).cpu().numpy(), torch.cat(classes).numpy())
