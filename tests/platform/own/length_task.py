"""A whole application on the data layer, as somebody outside would write it: which class a sequence is of."""

import torch
import torch.nn.functional as F
from torch import nn
from torchmetrics import MeanMetric

from rnnbench.backbone import Backbone
from rnnbench.data.batches.batch import SequenceBatch, pad
from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader
from rnnbench.data.left_out import LeftOut
from rnnbench.tasks.base import ItemValues, Loss, Measured, Task, TaskData

SIZES = {"train": 211, "validation": 101, "test": 59}
LOG: list = []


class Sequences:
    """Sequence i of a split, made of its number."""

    def __init__(self, split, size):
        self.lengths = [3 + (7 * i + len(split)) % 17 for i in range(size)]
        self.tokens = [torch.arange(n) * (i + 1) % 11 for i, n in enumerate(self.lengths)]
        self.classes = torch.tensor([int(tokens.sum()) % 3 for tokens in self.tokens])

    def __call__(self, samples, epoch):
        x, lengths = pad([self.tokens[i] for i in samples], 0)
        return SequenceBatch(x, lengths, self.classes[samples], torch.tensor(samples), int(lengths.sum()))


class Kept:
    """Some of the sequences."""

    def __init__(self, sequences, kept):
        self.sequences, self.kept = sequences, kept

    def __call__(self, samples, epoch):
        return self.sequences([self.kept[i] for i in samples], epoch)


class LengthData(TaskData):
    """Sequences of different lengths.

    Args:
        max_tokens: Most tokens of a batch.
        num_workers: Processes that read ahead.
        seed: Seed of the order.
        max_length: Drop longer sequences from training.
    """

    dataset = "lengths"
    fingerprint = "0" * 12

    def __init__(
        self, max_tokens: int = 200, num_workers: int = 0, seed: int = 1, max_length: int | None = None
    ) -> None:
        super().__init__()
        self.max_tokens, self.num_workers, self.seed, self.max_length = max_tokens, num_workers, seed, max_length

    @property
    def spec(self):
        return {"classes": 3}

    def details(self):
        return {}

    def setup(self, stage):
        self.splits = {split: Sequences(split, size) for split, size in SIZES.items()}
        left_out = LeftOut()
        self.kept = left_out.apply_limit("train", self.splits["train"].lengths, self.max_length, "drop")
        self.report(left_out)

    def train_dataloader(self):
        sequences = self.splits["train"]
        batches = TrainingBatches([sequences.lengths[i] for i in self.kept], Budget(self.max_tokens), self.seed)
        return BucketTrainingLoader(
            batches,
            Kept(sequences, self.kept.tolist()),
            *self.rank(),
            self.num_workers,
            self.position,
            self.move_to,
        )

    def _evaluation(self, split):
        sequences = self.splits[split]
        batches = evaluation_batches(sequences.lengths, Budget(self.max_tokens))
        return BucketEvaluationLoader(batches, sequences, *self.rank(), self.num_workers)

    def val_dataloader(self):
        return self._evaluation("validation")

    def test_dataloader(self):
        return self._evaluation("test")


class LengthModel(Task):
    """Means of the outputs, batch-normalised, with dropout and a metric of training: all that can leave a trace.

    Args:
        hidden_size: Size of the layer.
        memory: Fails as if memory were short where a batch is as large.
    """

    application = "sentiment"
    monitor = "validation/loss"

    def __init__(self, hidden_size: int = 8, memory: int = 1000) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.hidden_size, self.memory = hidden_size, memory
        self.optimizer = torch.optim.Adam
        self.items, self.trained = ItemValues(), MeanMetric()

    def build(self, spec):
        self.embedding = nn.Embedding(11, self.hidden_size)
        self.backbone = Backbone(self.hidden_size, hidden_size=self.hidden_size)
        self.norm = nn.BatchNorm1d(self.hidden_size)
        self.out = nn.Linear(self.hidden_size, spec["classes"])

    def model_name(self):
        return "length"

    def flops_per_token(self):
        return None

    def losses(self, batch):
        if self.training and batch.x.numel() > self.memory:
            raise torch.OutOfMemoryError("tried to allocate 9 GiB")
        y, _ = self.backbone(F.dropout(self.embedding(batch.x), 0.2, self.training), batch.lengths)
        scores = self.out(self.norm(y.sum(1) / batch.lengths[:, None]))
        return F.cross_entropy(scores, batch.y, reduction="none")

    def loss(self, batch):
        losses = self.losses(batch)
        self.trained.update(losses.detach().mean())
        return Loss(losses.sum(), len(losses))

    def on_train_batch_end(self, outputs, batch, batch_idx):
        LOG.append((self.trainer.current_epoch, tuple(batch.ids.tolist())))

    def on_train_epoch_end(self):
        self.log("train/mean", self.trained.compute())
        self.trained.reset()

    def evaluate(self, batch):
        self.items.update(batch.ids, self.losses(batch)[:, None])

    def measure(self, split):
        values = self.items.compute()
        return Measured({"loss": float(values.mean())}, f"sequences:{len(values)}")
