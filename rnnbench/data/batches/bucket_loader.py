"""Loaders of variable-length samples: training that can resume, evaluation in which every sample counts once.

How an application uses them::

    class Sentences:  # at the top of its module: worker processes have to be able to pickle it
        def __call__(self, samples: list[int], epoch: int) -> SequenceBatch:
            x, lengths = pad([self.tokens[i] for i in samples], self.pad)
            return SequenceBatch(x, lengths, self.labels[samples], torch.tensor(samples), int(lengths.sum()))

    def train_dataloader(self):
        batches = TrainingBatches(self.lengths, Budget(self.max_tokens, self.batch_size), seed=self.seed)
        return BucketTrainingLoader(
            batches, self.sentences, *self.rank(), self.num_workers, self.position, self.move_to
        )

    def val_dataloader(self):
        batches = evaluation_batches(self.lengths, Budget(self.max_tokens, self.batch_size))
        return BucketEvaluationLoader(batches, self.sentences, *self.rank(), self.num_workers)

where ``position``, ``move_to`` and ``rank`` come with `TaskData`. What is random in reading a sample (augmentation) is
seeded by (seed, epoch, sample) and by nothing else: then neither the number of workers nor a resume changes anything.
In evaluation steps, values are entered into an `ItemValues` metric together with ``batch.ids``. What share of the
batches is padding, ``batches.padding_waste``, belongs into `TaskData.details`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from rnnbench.data.batches.batch import SampleBatch
from rnnbench.data.batches.bucket import Part, Samples, TrainingBatches
from rnnbench.errors import UserError

B = TypeVar("B", bound=SampleBatch)

Reader = Callable[[list[int], int], B]
"""Makes a batch of the samples of these numbers, in this epoch; called in worker processes if there are any."""


class Position(NamedTuple):
    """Where a training stands."""

    epoch: int
    """Number of the epoch at hand."""
    batch: int
    """Batches of this epoch that were trained already."""


class BucketTrainingLoader(Generic[B]):
    """One process's batches of an epoch; goes on in the middle of it after a resume, on any number of processes.

    Every process takes as many steps. Where there is no batch for it, comes that of another, which counts for nothing
    here: its ids are -1, and it has no tokens.

    Args:
        batches: The batches of all processes.
        read: Makes a batch.
        rank: Number of this process.
        processes: Number of processes.
        num_workers: Processes that read ahead; 0 reads in this one. Changes no batch.
        position: Says where the training stands, by the trainer's count. It is asked whenever the loader is iterated
            over: Lightning does so more than once before the first step.
        move_to: Sets the trainer's count, where a training goes on with another number of processes: is told the steps
            of this epoch that are done, those of an epoch, and those that an epoch had before.
    """

    def __init__(
        self,
        batches: TrainingBatches,
        read: Reader[B],
        rank: int = 0,
        processes: int = 1,
        num_workers: int = 0,
        position: Callable[[], Position] = lambda: Position(0, 0),
        move_to: Callable[[int, int, int], None] = lambda done, steps, before: None,
    ) -> None:
        self._batches = batches
        self.read = read
        self._rank = rank
        self._processes = processes
        self._num_workers = num_workers
        self._position = position
        self._move_to = move_to
        # Of which epoch other numbers of processes have trained what.
        self._shared: tuple[int, list[Part]] = (0, [])

    def __len__(self) -> int:
        return self._steps_of(self._processes)

    def __iter__(self) -> Iterator[B]:
        epoch, done = self._position()
        steps = self._batches.steps(epoch, self._processes, self._before(epoch))
        # What others have trained counts as so many steps that the epoch is as long as any other.
        steps = steps[done - (len(self) - len(steps)) :]
        loaded = _load([step[min(self._rank, len(step) - 1)] for step in steps], self.read, epoch, self._num_workers)
        return (
            batch if self._rank < len(step) else _counts_for_nothing(batch)
            for batch, step in zip(loaded, steps, strict=True)
        )

    def largest_batch(self) -> B:
        """A batch as large as the largest of the training."""
        return self.read(self._batches.largest().tolist(), 0)

    def size_options(self) -> str:
        """The options to lower where such a batch does not fit into memory."""
        return self._batches.budget.options()

    def state_dict(self) -> dict[str, Any]:
        """Where the training stands, in a way that another number of processes can go on from."""
        epoch, done = self._position()
        before = self._before(epoch)
        here = Part(self._processes, done - self._counted_for(epoch, before))
        return {
            "epoch": epoch,
            "batches": self._batches.signature,
            "parts": [list(part) for part in [*before, here]],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there. A state without parts is that of an older version, trained on as many processes.

        Raises:
            UserError: In the middle of an epoch, the batches are others than they were.
        """
        if "parts" not in state:
            return
        epoch, parts = state["epoch"], [Part(*part) for part in state["parts"]]
        last = parts[-1]
        began = any(part.steps for part in parts)
        if began and state["batches"] != self._batches.signature:
            raise UserError(
                "the run stopped within an epoch, and these are not the batches of that epoch",
                where="--resume",
                hint="resume with the sizes of batches and the seed of the run",
            )
        if last.processes == self._processes:
            self._shared = epoch, parts[:-1]
            return
        self._shared = (epoch, parts) if began else (epoch, [])
        done = self._counted_for(epoch, self._shared[1])
        self._move_to(done, len(self), self._steps_of(last.processes))

    def _steps_of(self, processes: int) -> int:
        return -(-len(self._batches) // processes)

    def _before(self, epoch: int) -> list[Part]:
        of, parts = self._shared
        return parts if of == epoch else []

    def _counted_for(self, epoch: int, before: Sequence[Part]) -> int:
        """As how many steps of this number of processes the trainer counts what others have trained."""
        return len(self) - len(self._batches.steps(epoch, self._processes, before)) if before else 0


class BucketEvaluationLoader(Generic[B]):
    """Batches that were formed once for all processes, dealt out whole.

    Every process reads the same number of batches, so that none waits for another. Where there is nothing left to read
    comes a batch of the shortest sample, whose id is -1: it counts for nothing.

    Args:
        batches: The batches of all processes, the longest samples first.
        read: Makes a batch.
        rank: Number of this process.
        processes: Number of processes.
        num_workers: Processes that read ahead; 0 reads in this one.
    """

    def __init__(
        self, batches: Sequence[Samples], read: Reader[B], rank: int = 0, processes: int = 1, num_workers: int = 0
    ) -> None:
        self._batches = batches
        self._read = read
        self._rank = rank
        self._processes = processes
        self._num_workers = num_workers

    def __len__(self) -> int:
        return -(-len(self._batches) // self._processes)

    def __iter__(self) -> Iterator[B]:
        mine = self._batches[self._rank :: self._processes]
        yield from _load(mine, self._read, 0, self._num_workers)
        for _ in range(len(self) - len(mine)):
            yield _counts_for_nothing(self._read([int(self._batches[-1][-1])], 0))


class _Epoch(Dataset[Any]):
    """Batch by number, as torch's loader wants it."""

    def __init__(self, batches: Sequence[Samples], read: Reader[Any], epoch: int) -> None:
        self._batches = batches
        self._read = read
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Any:
        try:
            return self._read(self._batches[index].tolist(), self._epoch)
        except UserError as error:
            # Raised in a worker it would come back as a long traceback.
            return error


def _load(batches: Sequence[Samples], read: Reader[B], epoch: int, num_workers: int) -> Iterator[B]:
    """A generator: workers start with the first batch that is asked for."""
    loader = DataLoader(
        _Epoch(batches, read, epoch),
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=num_workers,
        pin_memory=torch.cuda.is_available(),
        # A generator of its own: torch's loader would draw from the global one, more or less often after a resume.
        generator=torch.Generator(),
    )
    for batch in loader:
        if isinstance(batch, UserError):
            raise batch
        yield batch


def _counts_for_nothing(batch: B) -> B:
    return batch._replace(ids=torch.full_like(batch.ids, -1), tokens=0)


def _as_it_is(batch: Any) -> Any:
    return batch
