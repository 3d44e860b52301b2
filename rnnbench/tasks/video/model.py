"""What every model of this application does: training, exact evaluation, pictures of clips."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from rnnbench.data.images.picture import Fit
from rnnbench.examples import Example
from rnnbench.tasks.base import Axes, Loss, Measured, Names, Spec, Task, exact, exact_nats
from rnnbench.tasks.base.classes import CorpusClasses
from rnnbench.tasks.video.batch import VideoBatch
from rnnbench.tasks.video.data import VideoData
from rnnbench.tasks.video.metrics import ClipScores, FrameRanks


class VideoModel(Task[VideoData]):
    """A model that gives frames or clips a class. Subclasses write `build` and `forward`."""

    application: ClassVar[str] = "video"
    monitor_mode: ClassVar[str] = "max"
    classes: list[str]
    every_frame: bool
    """Whether a frame has a class, or a clip."""
    several: bool
    """Whether several classes may hold at a frame."""
    background: int | None
    """Number of the class of frames in which nothing happens, if it occurs."""
    image_size: int
    fit: Fit
    frame_rate: float | None

    def __init__(self) -> None:
        super().__init__()
        self.scores: ClipScores | CorpusClasses | FrameRanks = ClipScores()

    @abstractmethod
    def forward(self, frames: Tensor, lengths: Tensor, places: Tensor) -> Tensor:
        """Scores of clips, see `VideoBatch`.

        Returns:
            Log-probabilities up to a constant, of frames ``(N, C)`` or of clips ``(B, C)``; the log-odds of each
            class where several may hold.
        """

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the classes and the size of frames."""
        self.classes, self.every_frame = list(spec["classes"]), spec["every_frame"]
        self.image_size, self.fit, self.frame_rate = spec["image_size"], spec["fit"], spec["frame_rate"]
        self.background = self.classes.index(spec["background"]) if spec["background"] in self.classes else None
        self.several = spec["several"]
        if self.several:
            self.monitor, self.scores, self.background = "validation/map", FrameRanks(), None
        elif self.every_frame:
            self.monitor = "validation/frame_accuracy"
            assert isinstance(self.scores, ClipScores)
            self.scores.background = self.background
        else:
            self.monitor, self.scores = "validation/accuracy", CorpusClasses()
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: classes."""
        return dict.fromkeys(("output.weight", "output.bias"), (Names("class", self.classes),))

    def loss(self, batch: VideoBatch) -> Loss | None:
        """Cross-entropy of the frames, or of the clips; of each class, where several may hold."""
        scores = self(batch.frames, batch.lengths, batch.places)
        if self.several:
            nats = F.binary_cross_entropy_with_logits(scores, batch.y.to(scores.dtype), reduction="sum")
            return Loss(nats, batch.tokens)
        return Loss(F.cross_entropy(scores, batch.y, reduction="sum"), len(batch.y))

    def probabilities(self, scores: Tensor) -> Tensor:
        """What scores ``(N, C)`` mean, in float64: probabilities that sum to 1, or one for each class."""
        return exact(scores).sigmoid() if self.several else exact(scores).softmax(1)

    def evaluate(self, batch: VideoBatch) -> None:
        """See `Task.evaluate`."""
        scores = self(batch.frames, batch.lengths, batch.places)
        if isinstance(self.scores, FrameRanks):
            self.scores.update(batch.ids, batch.numbers, batch.lengths, scores, batch.y)
            return
        nats, given = exact_nats(scores, batch.y), scores.argmax(1)
        if isinstance(self.scores, ClipScores):
            self.scores.update(batch.ids, batch.lengths, nats, batch.y, given, batch.hidden)
        else:
            self.scores.update(batch.ids, nats, batch.y, given)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`."""
        values, size = self.scores.compute()
        unreadable = self.data.unreadable[split]  # type: ignore[index]
        told = (size if isinstance(size, str) else f"clips:{size}") + f"|classes:{len(self.classes)}"
        return Measured(values, told + (f"|unreadable:{unreadable}" if unreadable else ""), list(values)[:1])

    def examples(self) -> list[Example]:
        """See `Task.examples`: some clips of the test split."""
        from rnnbench.tasks.video.show import examples_of

        return examples_of(self)

    def draw_test(self) -> None:
        """See `Task.draw_test`: draws film strips."""
        from rnnbench.tasks.video.show import draw_test

        draw_test(self)
