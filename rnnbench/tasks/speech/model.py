"""The recogniser: features, fewer steps, a recurrent stack, CTC."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.backbone import Backbone
from rnnbench.data.audio.features import Features, Frames
from rnnbench.data.batches.bucket import Budget, evaluation_batches
from rnnbench.data.source import Split
from rnnbench.errors import UserError
from rnnbench.nn.subsample import FrameStacking, Subsampling
from rnnbench.safe_files import replace_text
from rnnbench.tasks.base import Axes, ItemSums, ItemTexts, Loss, Measured, Names, Spec, Task, evaluating
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.speech.alphabet import Alphabet
from rnnbench.tasks.speech.batch import Normalizer, SpeechBatch, as_batch
from rnnbench.tasks.speech.collapse import collapse
from rnnbench.tasks.speech.data import SpeechData
from rnnbench.tasks.speech.metrics import (
    character_errors,
    corpus_metrics,
    kinds_of_errors,
    word_errors,
    worst_first,
)
from rnnbench.tasks.speech.pictures import draw_utterance

# Of recordings that are recognised outside of the trainer.
_BUDGET = Budget(max_tokens=20000)
# Frames over which operations are counted.
_COUNTED = 96
_SPLITS: dict[str, Split] = {"validation": "validation", "test": "test"}


class Recognizer(Task[SpeechData]):
    """Features, fewer steps in time, a recurrent backbone, and connectionist temporal classification.

    A. Graves, S. Fernandez, F. Gomez and J. Schmidhuber, Connectionist Temporal Classification, ICML 2006; deep:
    A. Graves, A. Mohamed and G. Hinton, Speech Recognition with Deep Recurrent Neural Networks, ICASSP 2013.

    Args:
        backbone: Makes the recurrent stack from its input size.
        subsampling: Makes steps of frames, from the number of features.
        dropout: Rate at which the output of the backbone is dropped in training.
        weight_noise: Standard deviation of the noise on all weights, drawn anew in every training step (Graves 2013,
            section 4, where it was 0.075).
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate, stepped after each epoch.
    """

    application: ClassVar[str] = "speech"
    monitor = "validation/character_error_rate"
    alphabet: Alphabet
    features: Features
    normalizer: Normalizer | None

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        subsampling: Callable[[int], Subsampling] = FrameStacking,
        dropout: float = 0.0,
        weight_noise: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        if weight_noise < 0:
            raise UserError(f"must not be negative, found {weight_noise}", where="model.weight_noise")
        self.make_backbone = backbone
        self.make_subsampling = subsampling
        self.dropout = nn.Dropout(dropout)
        self.weight_noise = weight_noise
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.found = ItemTexts()
        self._items: ItemSums | None = None
        # Seconds that recognition took, and seconds of audio.
        self._spent = (0.0, 0.0)
        # Steps whose best token is the blank, and all steps.
        self._blanks = self._steps = 0

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around alphabet and features."""
        self.alphabet = Alphabet.from_state(spec["alphabet"])
        self.features = Features(**spec["features"])
        self.normalizer = None
        if spec["statistics"] is not None:
            mean, deviation = (np.array(values, dtype=np.float32) for values in spec["statistics"])
            self.normalizer = (mean, deviation)
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: what is written."""
        return dict.fromkeys(("output.weight", "output.bias"), (Names("symbol", self.alphabet.tokens),))

    def build(self, spec: Spec) -> None:
        """Makes the layers for these features and this alphabet."""
        self.subsampling = self.make_subsampling(self.features.size)
        self.backbone = self.make_backbone(self.subsampling.output_size)
        self.output = nn.Linear(self.backbone.output_size, len(self.alphabet))

    def steps(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of steps that so many frames give; known before the model is built.

        Args:
            frames: Numbers of frames, any shape.
        """
        with torch.device("meta"):
            return self.make_subsampling(_COUNTED).steps(frames)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features ``(B, T, F)`` with ``lengths (B,)`` -> log-probabilities ``(B, S, V)``, valid steps ``(B,)``."""
        x, lengths = self.subsampling(x, lengths)
        hidden, _ = self.backbone(x, lengths)
        return self.log_probs(self.dropout(hidden)), lengths

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Outputs of the backbone ``(B, S, H)`` -> log-probabilities ``(B, S, V)``, in float32 at least.

        Half precision has too few digits for a sum over paths, and NumPy, where they are searched, no bfloat16.
        """
        scores = self.output(hidden)
        return scores.to(torch.promote_types(scores.dtype, torch.float32)).log_softmax(2)

    def loss(self, batch: SpeechBatch) -> Loss:
        """Negative log-likelihood of the transcripts, over their tokens."""
        if self.weight_noise:
            # The sum passes gradients on to the weights as they are, while the forward pass sees the noisy ones.
            noisy = {
                name: value + self.weight_noise * torch.randn_like(value) for name, value in self.named_parameters()
            }
            log_probs, steps = functional_call(self, noisy, (batch.x, batch.lengths))
        else:
            log_probs, steps = self(batch.x, batch.lengths)
        nats = ctc_loss(log_probs, batch.y, steps, batch.y_lengths)
        return Loss(nats.sum(), len(batch.y))

    def decoding(self) -> str:
        """See `Task.decoding`: best path or beam, with its language model."""
        return self.data.decoder.summary()

    def evaluate(self, batch: SpeechBatch) -> None:
        """See `Task.evaluate`."""
        start = time.perf_counter()
        log_probs, steps = self(batch.x, batch.lengths)
        decode = self.data.decode
        assert decode is not None, "setup comes first"
        best, valid = log_probs.argmax(2), torch.arange(log_probs.shape[1], device=steps.device) < steps[:, None]
        self._blanks += int((valid & (best == Alphabet.blank)).sum())
        self._steps += int(valid.sum())
        rows = zip(log_probs.cpu().numpy(), steps.tolist(), strict=True)
        texts = [self.alphabet.decode(decode(row[:size])) for row, size in rows]
        seconds, audio = self._spent
        self._spent = (
            seconds + time.perf_counter() - start,
            audio + batch.tokens * self.features.shift_ms / 1000,
        )
        self.found.update(batch.ids, torch.empty(len(texts), 0, device=batch.ids.device), texts)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`; lists the recordings with their errors in the run folder, the worst first."""
        found = self.found.compute()
        utterances = self.data.splits[_SPLITS[split]].utterances
        texts = [(utterances[number].text, text) for number, text in zip(found.ids, found.texts, strict=True)]
        words = [word_errors(*pair) for pair in texts]
        characters = [character_errors(*pair) for pair in texts]
        counts = torch.tensor([(one.total, one.wanted) for one in words], dtype=torch.float64)
        self._items = ItemSums("word_error_rate", torch.tensor(found.ids), counts)
        metrics = corpus_metrics(words, characters)
        if split == "test":
            metrics |= kinds_of_errors(words)
        if self.trainer.is_global_zero and not self.trainer.sanity_checking:
            rows = [(utterances[number].recording.name, *pair) for number, pair in zip(found.ids, texts, strict=True)]
            path = Path(self.trainer.default_root_dir) / f"{split}_errors.tsv"
            replace_text(path, worst_first(rows, words))
        self._tell_collapse(texts)
        self._tell_speed()
        sums = [sum(one.wanted for one in errors) for errors in (words, characters)]
        measured = f"recordings:{len(texts)}|words:{sums[0]}|characters:{sums[1]}"
        if unreadable := self.data.unreadable[_SPLITS[split]]:
            measured += f"|unreadable:{unreadable}"
        signature = f"{measured}|{self.data.decoder.summary()}"
        return Measured(metrics, signature, ("word_error_rate", "character_error_rate"))

    def test_items(self) -> ItemSums | None:
        """See `Task.test_items`: the words that are wrong in each recording, of those that were said."""
        return self._items

    def on_train_end(self) -> None:
        """Draws one recording of the validation split."""
        self._draw("validation")

    def on_test_end(self) -> None:
        """Draws one recording of the test split."""
        self._draw("test")

    def posteriors(self, recordings: Sequence[Frames]) -> list[Tensor]:
        """Log-probabilities ``(S, V)`` of each recording, given as its normalised features ``(T, F)``."""
        found = [torch.empty(0)] * len(recordings)
        with evaluating(self):
            for rows in evaluation_batches([len(one) for one in recordings], _BUDGET) if recordings else []:
                x, lengths = as_batch([recordings[i] for i in rows])
                x = x.to(self.device, self.output.weight.dtype)
                log_probs, steps = self(x, lengths.to(self.device))
                for i, row, size in zip(rows.tolist(), log_probs, steps.tolist(), strict=True):
                    found[i] = row[:size].cpu()
        return found

    def seconds_per_step(self) -> float:
        """Time from one step to the next."""
        frames = int(self.steps(np.array(_COUNTED)))
        return _COUNTED / frames * self.features.shift_ms / 1000

    def flops_per_token(self) -> float | None:
        """Operations a frame: those of the front, and those of backbone and output, which have fewer steps."""
        like = next(self.parameters())
        x = like.new_zeros(1, _COUNTED, self.features.size)
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            self.subsampling(x, torch.tensor([_COUNTED], device=x.device))
        of_step = self.backbone.flops_per_token() + 2 * self.output.weight.numel()
        return (counter.get_total_flops() + of_step * int(self.steps(np.array(_COUNTED)))) / _COUNTED

    def model_name(self) -> str:
        """Front, direction, cell, depth and width, such as ``3 frames, BiLSTM 2x128``."""
        return ", ".join([part for part in (self.subsampling.summary(), self.backbone.summary()) if part])

    def _draw(self, split: str) -> None:
        if not self.trainer.is_global_zero:
            return
        read = self.data.splits[_SPLITS[split]]
        # Neither the shortest nor the longest.
        number = int(np.argsort(read.lengths, kind="stable")[len(read.utterances) // 2])
        draw_utterance(self, read, number, Path(self.trainer.default_root_dir, f"{split}.png"))
        record_picture(self.trainer, f"{split}.png")

    def _tell_collapse(self, texts: Sequence[tuple[str, str]]) -> None:
        blank = self._blanks / max(self._steps, 1)
        self._blanks = self._steps = 0
        if self.trainer.is_global_zero and not self.trainer.sanity_checking:
            notice = collapse(texts, blank, self.alphabet.unit)
            if notice is not None:
                print(notice, flush=True)

    def _tell_speed(self) -> None:
        seconds, audio = self._spent
        self._spent = (0.0, 0.0)
        if self.trainer.testing and self.trainer.is_global_zero and audio:
            print(f"real-time factor {seconds / audio:.4f}: {seconds:.1f} s for {audio:.0f} s of audio", flush=True)


def ctc_loss(log_probs: Tensor, y: Tensor, steps: Tensor, y_lengths: Tensor) -> Tensor:
    """Negative log-likelihood of each transcript in nats ``(B,)``; infinite where it does not fit into the steps.

    Args:
        log_probs: ``(B, S, V)``; 0 is the blank.
        y: Tokens of all transcripts ``(sum of U,)`` int64.
        steps: Valid steps ``(B,)`` int64.
        y_lengths: Tokens of each ``(B,)`` int64.
    """
    # On a GPU the gradient of CTC is summed in any order.
    exactly = log_probs.is_cuda and torch.are_deterministic_algorithms_enabled()
    device = log_probs.device
    if exactly:
        log_probs, y, steps, y_lengths = log_probs.cpu(), y.cpu(), steps.cpu(), y_lengths.cpu()
    nats = F.ctc_loss(log_probs.transpose(0, 1), y, steps, y_lengths, blank=Alphabet.blank, reduction="none")
    return nats.to(device)
