"""What every model of this application does: training on the answers, exact evaluation."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.images.scenes import SceneBatch
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Axes, Loss, Measured, Names, Spec, Task, evaluating, exact
from rnnbench.tasks.glimpses.data import GlimpseData
from rnnbench.tasks.glimpses.metrics import SceneErrors

_EXAMPLES = 6


class SceneReader(Task[GlimpseData]):
    """A model that says what a scene shows: one class, or several from the left to the right.

    Subclasses write `build` and `forward`.
    """

    application: ClassVar[str] = "glimpses"
    monitor = "validation/error"
    size: int
    """Pixels C of a side of a scene."""
    classes: Sequence[str]
    answers: int
    """Most answers L of a scene."""
    ends: bool
    """Whether the last class says that there is nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = SceneErrors()

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Scenes ``(B, C, C)`` of whole numbers up to 255 -> log-probabilities ``(B, L, K)`` up to a constant."""

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the size of the scenes and their classes."""
        self.size, self.classes = spec["size"], spec["classes"]
        self.answers, self.ends = spec["answers"], spec["ends"]
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the classes."""
        classes = (Names("class", self.classes),)
        return {"output.weight": classes, "output.bias": classes}

    def loss(self, batch: SceneBatch) -> Loss | None:
        """Cross-entropy of the scenes, of each the sum over its answers."""
        return Loss(nats_of(self(batch.images), batch.y).sum(), len(batch.y))

    def evaluate(self, batch: SceneBatch) -> None:
        """See `Task.evaluate`."""
        scores = exact(self(batch.images))
        y = batch.y.to(scores.device)
        there = y != IGNORED
        wrong = (scores.argmax(2) != y) & there
        self.errors.update(batch.ids, nats_of(scores, y), wrong.sum(1), there.sum(1))

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, scenes = self.errors.compute()
        return Measured(values, f"images:{scenes}|classes:{len(self.classes)}", ("error",))

    def probabilities(self, images: Tensor) -> Tensor:
        """Of scenes ``(B, C, C)`` the probabilities of the classes ``(B, L, K)``; float64, on the CPU."""
        with evaluating(self):
            return exact(self(images.to(self.device))).softmax(2).cpu()

    def said(self, probabilities: Tensor) -> tuple[list[str], float]:
        """What is said of one scene, and how probable that is.

        Args:
            probabilities: Of the classes ``(L, K)``.

        Returns:
            Names of the likeliest classes, as far as `END`; the product of their probabilities, its own included.
        """
        found, likely = [], 1.0
        for share, best in zip(*probabilities.max(1), strict=True):
            likely *= float(share)
            if self.ends and int(best) == len(self.classes) - 1:
                break
            found.append(self.classes[int(best)])
        return found, likely

    def wanted(self, y: Tensor) -> list[str]:
        """Names of the right answers of one scene.

        Args:
            y: ``(L,)``, `IGNORED` past the last one.
        """
        names = [self.classes[i] for i in y.tolist() if i != IGNORED]
        return names[:-1] if self.ends else names

    def examples(self) -> list[Example]:
        """See `Task.examples`: what it says of the first scenes of the test split."""
        scenes = self.data.splits["test"]
        batch = scenes(list(range(min(_EXAMPLES, len(scenes.lengths)))), 0)
        found: list[Example] = []
        for number, (y, probabilities) in enumerate(
            zip(batch.y, self.probabilities(batch.images), strict=True), start=1
        ):
            names, likely = self.said(probabilities)
            shown, right = " ".join(names) or "-", " ".join(self.wanted(y))
            lines = {"image": f"test, {number}", "shows": right, "model": shown, "probability": f"{likely:.4f}"}
            found.append(tuple(plain(name, text) for name, text in lines.items()))
        return found


def nats_of(scores: Tensor, y: Tensor) -> Tensor:
    """Negative log-likelihood of the answers of each scene ``(B,)``.

    Args:
        scores: Log-probabilities up to a constant ``(B, L, K)``.
        y: ``(B, L)`` int64, `IGNORED` past the last answer.
    """
    nats = F.cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="none", ignore_index=IGNORED)
    return torch.stack([nats.view_as(y)[:, i] for i in range(y.shape[1])]).sum(0)
