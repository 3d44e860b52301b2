"""How the data of an application tell a model its sizes, and where a training stands in them."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import LightningDataModule

from rnnbench.data.batches.bucket_loader import Position
from rnnbench.data.left_out import LeftOut
from rnnbench.data.source import Split
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.errors import UserError

Spec = dict[str, Any]
"""What a model must know of its data to be built: plain values, such as a vocabulary."""

STAGE_SPLITS: dict[str, tuple[Split, ...]] = {
    "fit": ("train", "validation"),
    "validate": ("validation",),
    "test": ("test",),
    "predict": (),
}
"""The splits that Lightning asks for in each stage of a trainer."""


class TaskData(LightningDataModule, ABC):
    """Data of an application. After `setup` it knows what a model needs (`spec`) and what was read (`fingerprint`)."""

    dataset: str
    """Short name of the data set."""
    fingerprint: str
    """Hash of all splits and of how they are cut into tokens; results are compared only where it is equal."""
    known: Mapping[str, Sequence[str]] = {}
    """What a run whose weights are taken knows: its tokens, by what they are (``word``). Vocabularies grow by them."""
    left_out: LeftOut | None = None
    """The samples that are not used as they are; a training lists them once it is known that it goes on."""

    @property
    @abstractmethod
    def spec(self) -> Spec:
        """What the model must know of the data."""

    @abstractmethod
    def details(self) -> dict[str, str | int | float]:
        """Sizes and settings that stand beside a result."""

    def model_spec(self) -> Spec | None:
        """The spec of the model in the trainer if it was built already: a trained model rules over new data."""
        model = self.trainer.lightning_module if self.trainer is not None else None
        # Of any model: the module of `Task` imports this one.
        return getattr(model, "spec", None)

    def known_besides(self, kind: str, tokens: Sequence[str]) -> Sequence[str]:
        """The tokens by which a vocabulary grows, if weights of a run are taken; tells how many of its own are known.

        Args:
            kind: What its tokens are: ``word``, ``character``, ``subword``.
            tokens: Those of the data, without special ones.

        Raises:
            UserError: The run knows none of them.
        """
        known = self.known.get(kind, ())
        if not known:
            return ()
        common = len(set(known).intersection(tokens))
        if not common:
            raise UserError(
                f"the run knows none of the {len(tokens):,} {kind}s of {self.dataset}",
                where="--from",
                hint="name a run of the same language, whose text was cut into tokens in the same way",
            )
        more = len(set(known).difference(tokens, SPECIALS))
        self.tell(f"vocabulary: the run knows {common:,} of {len(tokens):,} {kind}s, and {more:,} more")
        return known

    def position(self) -> Position:
        """Where the training stands, by the trainer's count; loaders go on from there."""
        if self.trainer is None:
            return Position(0, 0)
        return Position(self.trainer.current_epoch, self.trainer.fit_loop.epoch_loop.batch_progress.current.completed)

    def move_to(self, done: int, steps: int, before: int) -> None:
        """Sets the trainer's count, where a training goes on with another number of processes.

        Args:
            done: Steps of this epoch that count as trained.
            steps: Steps of an epoch.
            before: Steps that an epoch had.
        """
        assert self.trainer is not None
        progress = self.trainer.fit_loop.epoch_loop.batch_progress
        epochs = (progress.total.completed - progress.current.completed) // before
        of_epoch, of_all = done - progress.current.completed, epochs * steps + done - progress.total.completed
        for counts, more in ((progress.current, of_epoch), (progress.total, of_all)):
            for name in ("ready", "started", "processed", "completed"):
                setattr(counts, name, getattr(counts, name) + more)

    def report(self, left_out: LeftOut) -> None:
        """Tells once which samples are not used as they are, and keeps them for the run folder (`left_out`).

        Args:
            left_out: The samples.
        """
        self.left_out = left_out
        if self.trainer is None or self.trainer.is_global_zero:
            left_out.report()

    def tell(self, line: str) -> None:
        """Prints a line, once for all processes."""
        if self.rank()[0] == 0:
            print(line, flush=True)

    @property
    def global_seed(self) -> int:
        """What `seed_everything` leaves for all processes; torch's own seed differs between them."""
        return int(os.environ.get("PL_GLOBAL_SEED", 0))

    def rank(self) -> tuple[int, int]:
        """Number of this process, and number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)
