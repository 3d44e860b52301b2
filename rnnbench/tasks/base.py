"""What all applications share: how data tells a model its sizes, and what a checkpoint holds."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable, ReduceLROnPlateau
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.optim import Optimizer

from rnnbench.data.batches.bucket_loader import Position
from rnnbench.data.left_out import LeftOut
from rnnbench.errors import UserError
from rnnbench.examples import Example
from rnnbench.tasks.describe import describe
from rnnbench.tasks.item_values import ItemSums, ItemValues

Spec = dict[str, Any]
"""What a model must know of its data to be built: plain values, such as a vocabulary."""


class TaskData(LightningDataModule, ABC):
    """Data of an application. After `setup` it knows what a model needs (`spec`) and what was read (`fingerprint`)."""

    dataset: str
    """Short name of the data set."""
    fingerprint: str
    """Hash of all splits and of how they are cut into tokens; results are compared only where it is equal."""

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
        return model.spec if isinstance(model, Task) else None

    def position(self) -> Position:
        """Where the training stands, by the trainer's count; loaders go on from there."""
        if self.trainer is None:
            return Position(0, 0)
        return Position(self.trainer.current_epoch, self.trainer.fit_loop.epoch_loop.batch_progress.current.completed)

    def report(self, left_out: LeftOut) -> None:
        """Tells once which samples are not used as they are, and in training lists all of them in the run folder.

        Args:
            left_out: The samples.
        """
        trainer = self.trainer
        if trainer is None:
            left_out.report(None)
        elif trainer.is_global_zero:
            left_out.report(Path(trainer.default_root_dir) if trainer.state.fn == "fit" else None)

    def seed(self) -> int:
        """What `seed_everything` leaves for all processes; torch's own seed differs between them."""
        return int(os.environ.get("PL_GLOBAL_SEED", 0))

    def rank(self) -> tuple[int, int]:
        """Number of this process, and number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer is not None else (0, 1)


class Task(LightningModule, ABC):
    """A model of an application.

    It is built in `configure_model`, when the data module has been set up and its spec is known, or from the spec in a
    checkpoint. Subclasses write `build` and call ``save_hyperparameters()`` in their ``__init__``.
    """

    application: ClassVar[str]
    """Name of the application: the folder of its presets and runs."""
    monitor: str
    """The logged value by which the best checkpoint is chosen; it may depend on the data."""
    monitor_mode: ClassVar[str] = "min"
    baseline: ClassVar[bool] = False
    """Whether this is a reference point rather than a recurrent network."""

    def __init__(self) -> None:
        super().__init__()
        self.spec: Spec | None = None
        self.optimizer: OptimizerCallable | None = None
        self.scheduler: LRSchedulerCallable | None = None

    @abstractmethod
    def build(self, spec: Spec) -> None:
        """Makes the layers."""

    @abstractmethod
    def model_name(self) -> str:
        """The model in a few words, as a results table names it."""

    def cell_name(self) -> str | None:
        """Name of the recurrent cell; None for a model without one."""
        return None

    @abstractmethod
    def flops_per_token(self) -> float | None:
        """Floating-point operations of the forward pass over one token; None where the notion does not apply."""

    def num_parameters(self) -> int:
        """Number of trained values."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)

    @abstractmethod
    def metric_signature(self, split: str) -> str:
        """How the metrics of a split were computed, so that only like is compared with like."""

    def signature_of(self, metric: str, split: str) -> str:
        """How one metric of a split was computed; for tasks whose metrics are not all computed alike."""
        return self.metric_signature(split)

    @abstractmethod
    def evaluate(self, batch: Any) -> None:
        """Enters a batch of validation or test into the metrics."""

    @abstractmethod
    def log_metrics(self, split: str) -> None:
        """Logs the metrics of all batches entered, as ``split/name``, and begins anew."""

    def test_items(self) -> ItemSums | None:
        """What each item contributed to the leading metric of the split evaluated last; None where nobody kept it."""
        kept = (part.item_sums() for part in self.modules() if isinstance(part, ItemValues))
        return next(kept, None)

    def examples(self) -> list[Example]:
        """What it makes of a few items of the test split, for people to read; asked for after the test."""
        return []

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Enters a batch of the validation split."""
        self.evaluate(batch)

    def test_step(self, batch: Any, batch_idx: int) -> None:
        """Enters a batch of the test split."""
        self.evaluate(batch)

    def on_validation_epoch_end(self) -> None:
        """Logs the metrics of the validation split."""
        self.log_metrics("validation")

    def on_test_epoch_end(self) -> None:
        """Logs the metrics of the test split."""
        self.log_metrics("test")

    def use_spec(self, spec: Spec) -> None:
        """Builds the model for this spec, once."""
        self.spec = spec
        self.build(spec)

    def configure_model(self) -> None:
        """Builds the model from the data module's spec. Called by Lightning once the data are set up."""
        # load_from_checkpoint comes here before there is a trainer; on_load_checkpoint builds the model then.
        if self.spec is None and self._trainer is not None:
            data = self.trainer.datamodule  # type: ignore[attr-defined]
            if not isinstance(data, TaskData):
                raise UserError(
                    f"{type(self).__name__} takes its sizes from the data module, and the trainer has none",
                    hint="trainer.fit(model, datamodule=...)",
                )
            self.use_spec(data.spec)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and the schedule that the options name; none for a model without an optimizer."""
        if self.optimizer is None:
            return None
        optimizer = self.make_optimizer(self.optimizer)
        if self.scheduler is None:
            return optimizer
        scheduler = self.scheduler(optimizer)
        if isinstance(scheduler, ReduceLROnPlateau):
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": scheduler.monitor}}
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "epoch"}}

    def make_optimizer(self, make: OptimizerCallable) -> Optimizer:
        """The optimizer of all parameters; of several groups where these do not learn alike.

        Args:
            make: Makes it from parameters or from groups of them.
        """
        return make(self.parameters())

    def log_values(self, split: str, values: Mapping[str, float], shown: Collection[str]) -> None:
        """Logs metrics of a whole split, with every digit.

        Args:
            split: ``validation`` or ``test``.
            values: Metrics by name.
            shown: Those of the progress bar.
        """
        for name, value in values.items():
            # float64 tensors: Lightning would round plain numbers to float32.
            exact = torch.tensor(value, dtype=torch.float64)
            self.log(f"{split}/{name}", exact, prog_bar=name in shown, sync_dist=True, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the spec, and puts the options in a form that loads without unpickling."""
        checkpoint["spec"] = self.spec
        options = checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY]
        if "_class_path" not in options:  # built in a script: the command line has stored a plain form already
            options = {name: describe(value, name) for name, value in options.items()}
            options["_class_path"] = f"{type(self).__module__}.{type(self).__qualname__}"
            options["_instantiator"] = "lightning.pytorch.cli.instantiate_module"
            checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY] = options

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Builds the model if it was not, and refuses a checkpoint that was trained on other data."""
        spec = checkpoint.get("spec")
        if spec is None:
            raise UserError("this checkpoint was not written by rnnbench: it has no data spec")
        if self.spec is None:
            self.use_spec(spec)
        elif self.spec != spec:
            raise UserError(
                f"the checkpoint was trained with other data than these: {_difference(self.spec, spec)}",
                hint="use the data of the run, or train anew",
            )


def _difference(data: Spec, checkpoint: Spec) -> str:
    """The first entry in which two specs differ, in a few words."""
    for key in sorted(data.keys() | checkpoint.keys()):
        a, b = data.get(key), checkpoint.get(key)
        if a != b:
            if isinstance(a, list) and isinstance(b, list):
                return f"{key}: {len(b)} in the checkpoint, {len(a)} in the data, or in another order"
            return f"{key} is {b!r} in the checkpoint and {a!r} in the data"
    return "no difference"
