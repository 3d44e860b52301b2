"""Data whose samples have different lengths: read by splits, in batches of about equal length."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Provider, Split
from rnnbench.data.text.vectors import Vectors, load_vectors, prepare_vectors
from rnnbench.errors import UserError
from rnnbench.tasks.base.data import STAGE_SPLITS, TaskData


class Samples(Protocol):
    """The samples of a split; called with some of their numbers and the epoch, it makes a batch of them.

    The class stands at the top of its module: worker processes have to be able to pickle it.
    """

    @property
    def lengths(self) -> ArrayLike:
        """Length of each sample ``(N,)``, or its lengths ``(N, K)``."""

    def __call__(self, samples: list[int], epoch: int) -> Any:
        """The batch of some samples. What is random in it depends on the seed, the epoch and the sample alone."""


S = TypeVar("S", bound=Samples)


class BucketedData(TaskData, Generic[S]):
    """Data of a source, with the loaders of `rnnbench.data.batches.bucket_loader`. Subclasses write `read` and `spec`.

    Args:
        source: Where the samples come from.
        budget: Size of a batch.
        num_workers: Processes that read ahead.
        vectors: Pretrained word vectors to start from: a file, or the name of a card; None for none.
    """

    inputs: ClassVar[str] = "lines.txt"
    """What ``rnnbench predict`` reads, as an example."""

    source: Provider

    def __init__(self, source: Provider, budget: Budget, num_workers: int = 0, vectors: str | None = None) -> None:
        super().__init__()
        self.source = source
        self.budget = budget
        self.num_workers = num_workers
        self.dataset = source.dataset
        self.vectors_name = vectors
        self.vectors: Vectors | None = None
        self.splits: dict[Split, S] = {}
        # Formed once, with what they are formed of: of millions of samples it takes seconds.
        self._batches: tuple[S, int, TrainingBatches] | None = None

    @abstractmethod
    def read(self, wanted: tuple[Split, ...], left_out: LeftOut) -> None:
        """Reads the source: sets `fingerprint`, which is that of all splits, and fills `splits`.

        Args:
            wanted: The splits of this stage. Without a trained model (`model_spec`) vocabularies are those of the
                training split, whether it is wanted or not.
            left_out: Takes the samples that are not used as they are; they are reported afterwards.
        """

    def prepare_data(self) -> None:
        """Fetches or generates what is missing, once on each machine."""
        self.source.prepare()
        if self.vectors_name is not None:
            prepare_vectors(self.vectors_name)

    def setup(self, stage: str) -> None:
        """Reads what a stage of the trainer needs."""
        if stage == "predict":
            raise UserError("predictions are those of a run", hint=f"rnnbench predict --run RUN {self.inputs}")
        left_out = LeftOut()
        self.read(STAGE_SPLITS[stage], left_out)
        self.report(left_out)

    def load_vectors(self, tokens: list[str]) -> None:
        """Looks up the pretrained vectors of a vocabulary, if there are to be any, and tells how many it has."""
        if self.vectors_name is not None:
            self.vectors = load_vectors(self.vectors_name, tokens)
            self.tell(self.vectors.coverage())

    def details(self) -> dict[str, str | int | float]:
        """See `TaskData.details`: the number of samples of each split, and the share of padding in training."""
        sizes = {f"{split}_samples": len(np.asarray(read.lengths)) for split, read in self.splits.items()}
        return {**sizes, **self.padding()}

    def padding(self) -> dict[str, float]:
        """The share of padding in training, for `details`, once the training split was read."""
        if "train" not in self.splits:
            return {}
        return {"padding": round(self._training_batches().padding_waste, 4)}

    def train_dataloader(self) -> BucketTrainingLoader[Any]:
        """Batches in the order of the seed and the epoch, from where an interrupted epoch stopped."""
        batches, read = self._training_batches(), self.splits["train"]
        return BucketTrainingLoader(batches, read, *self.rank(), self.num_workers, self.position, self.move_to)

    def val_dataloader(self) -> BucketEvaluationLoader[Any]:
        """Batches of the validation split."""
        return self._evaluation("validation")

    def test_dataloader(self) -> BucketEvaluationLoader[Any]:
        """Batches of the test split."""
        return self._evaluation("test")

    def _training_batches(self) -> TrainingBatches:
        read, seed = self.splits["train"], self.global_seed
        if self._batches is None or self._batches[0] is not read or self._batches[1] != seed:
            self._batches = read, seed, TrainingBatches(read.lengths, self.budget, seed)
        return self._batches[2]

    def _evaluation(self, split: Split) -> BucketEvaluationLoader[Any]:
        read = self.splits[split]
        batches = evaluation_batches(read.lengths, self.budget)
        return BucketEvaluationLoader(batches, read, *self.rank(), self.num_workers)
