"""What every model of an application is: built from the data's spec, trained by its loss, measured item by item."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, cast, final

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from rnnbench.backbone import Backbone, CellNetwork
from rnnbench.errors import UserError
from rnnbench.examples import Example
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base.data import Spec, TaskData
from rnnbench.tasks.base.describe import describe, public_path
from rnnbench.tasks.base.fuse import fuse
from rnnbench.tasks.base.intervals import counts
from rnnbench.tasks.base.items import ItemSums, ItemValues, exact_device
from rnnbench.tasks.base.step_mean import StepMean, at_least_one
from rnnbench.tasks.base.transfer import Axes

D = TypeVar("D", bound=TaskData)


class Loss(NamedTuple):
    """What a model lost on a batch: a sum that nobody has divided yet, and by what it is to be divided."""

    total: Tensor
    """``()``, differentiable: the sum over all real units of the batch."""
    units: int | Tensor
    """Number of these units: tokens, texts, frames. Never padding, 0 for a batch that counts for nothing, and a plain
    number where possible, so that no device has to be asked for it."""
    penalty: Tensor | None = None
    """``()``: what training adds to the loss of each unit, such as the mean square of activations; None for nothing.
    It is not in the ``train/loss`` that is logged, which stays a likelihood."""


class Measured(NamedTuple):
    """The metrics of a whole split."""

    values: Mapping[str, float]
    """By name."""
    signature: str
    """How they were computed, so that only like is compared with like: sizes and settings such as
    ``texts:120|classes:2``."""
    shown: Collection[str] = ()
    """Those that stand in the progress bar."""
    signatures: Mapping[str, str] = {}
    """The signatures of metrics that are computed otherwise."""


class Beginning(Protocol):
    """How a model begins from the weights of another one."""

    def begin(self, model: Task[Any]) -> None:
        """Takes weights into a model that was just built."""

    def divide(self, model: Task[Any], optimizer: Optimizer) -> None:
        """Gives each layer its learning rate."""


class Task(LightningModule, ABC, Generic[D]):
    """A model of an application.

    It is built in `configure_model`, when the data module has been set up and its spec is known, or from the spec in a
    checkpoint. Subclasses write `build`, `loss`, `evaluate` and `measure`, and call ``save_hyperparameters()`` in their
    ``__init__``. `D` is the class of the application's data.
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
        self.fine_tuning: Beginning | None = None
        self._measured: dict[str, Measured] = {}
        self._step_mean = StepMean()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__module__ != __name__ and "training_step" in vars(cls):
            raise TypeError(f"{cls.__qualname__} writes training_step: write loss, which is divided in one place")

    @abstractmethod
    def build(self, spec: Spec) -> None:
        """Makes the layers."""

    def model_name(self) -> str:
        """The model in a few words, as a results table names it: those of ``self.backbone``, or the class."""
        backbone = self._backbone()
        return type(self).__name__ if backbone is None else backbone.summary()

    def cell_name(self) -> str | None:
        """Name of the recurrent cell, that of ``self.backbone``; None for a model without one."""
        backbone = self._backbone()
        return None if backbone is None else backbone.cell_name

    def engines(self) -> str | None:
        """Names of the engines that have run its cells over time; None for a model without a recurrent stack."""
        stacks = [part for part in self.modules() if isinstance(part, Backbone)]
        names = {name for part in stacks for row in part.cells for cell in row for name in part.engine.running(cell)}
        return ", ".join(sorted(names)) or None

    def flops_per_token(self) -> float | None:
        """Floating-point operations of the forward pass over one unit of a batch; None where the notion does not apply.

        Those of ``self.backbone``; a model whose other layers run over every unit, too, adds theirs.
        """
        backbone = self._backbone()
        return None if backbone is None else float(backbone.flops_per_token())

    def num_parameters(self) -> int:
        """Number of trained values."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)

    @abstractmethod
    def loss(self, batch: Any) -> Loss | None:
        """What is to be learned from a batch of training.

        Args:
            batch: The batch.

        Returns:
            The loss as a sum and the number of units that it is over; None for a model that learns from no gradient.
        """

    def decoding(self) -> str | None:
        """How outputs of the test split are searched for, as far as no signature says so; None for a plain model."""
        return None

    @abstractmethod
    def evaluate(self, batch: Any) -> None:
        """Enters a batch of validation or test into the metrics, which are `ItemValues`."""

    @abstractmethod
    def measure(self, split: str) -> Measured:
        """The metrics of all batches entered, a whole split.

        Args:
            split: ``validation`` or ``test``.
        """

    def signature_of(self, metric: str, split: str) -> str:
        """How one metric of a split was computed, once it was."""
        found = self._measured[split]
        return found.signatures.get(metric, found.signature)

    def test_items(self) -> ItemSums | None:
        """What each item contributed to the leading metric of the split evaluated last; None where nobody kept it."""
        kept = (part.item_sums() for part in self.modules() if isinstance(part, ItemValues))
        return next(kept, None)

    def examples(self) -> list[Example]:
        """What it makes of a few items of the test split, for people to read; asked for after the test."""
        return []

    def read_text(self, text: str) -> list[str] | None:
        """Runs the network over a text, for whoever watches its cells.

        Args:
            text: The text.

        Returns:
            The text in the pieces that it reads, one a step; None for a model that reads no running text.
        """
        return None

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Frees the gradients of the last optimizer step, which Lightning would keep through the forward pass."""
        if self.automatic_optimization and batch_idx % self.trainer.accumulate_grad_batches == 0:
            for optimizer in self.trainer.optimizers:
                optimizer.zero_grad()

    @final
    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """The mean of `loss` over the units of the batch, as a part of that over all units of the optimizer's step."""
        found = self.loss(batch)
        if found is None:
            return None
        mean = found.total / at_least_one(found.units)
        # A batch without tokens is there for a process that has nothing left to read while others have.
        units = found.units if getattr(batch, "tokens", True) else 0
        processes = self._trainer.world_size if self._trainer is not None else 1
        learned = mean if found.penalty is None else mean + found.penalty
        weighed = self._step_mean.weigh(learned, units, mean.detach(), processes)
        # A value of this step alone: the batch size, by which Lightning would weigh a mean over steps, does not matter.
        self.log("train/loss", weighed.mean, prog_bar=True, batch_size=1)
        return weighed.loss

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Divides the gradients by the units of all accumulated batches, before they are clipped."""
        # Without a trainer, a loop of one's own takes a step a batch.
        accumulated = self._trainer.accumulate_grad_batches if self._trainer is not None else 1
        self._step_mean.settle(self.parameters(), accumulated)

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
        """Logs the metrics of the test split, and draws what there is to see."""
        self.log_metrics("test")
        if self.trainer.is_global_zero:
            self.draw_test()

    def draw_test(self) -> None:
        """Writes into the run folder what a test shows beside its numbers: pictures, tables. On the first process."""

    def log_metrics(self, split: str) -> None:
        """Logs the metrics of all batches entered, as ``split/name``, keeps their signatures, and begins anew."""
        found = self._measured[split] = self.measure(split)
        for part in self.modules():
            if isinstance(part, ItemValues):
                part.reset()
        self.log_values(split, found.values, found.shown)

    @property
    def data(self) -> D:
        """The data module of the trainer."""
        return cast(D, self.trainer.datamodule)  # type: ignore[attr-defined]

    def _backbone(self) -> CellNetwork | None:
        backbone = getattr(self, "backbone", None)
        return backbone if isinstance(backbone, CellNetwork) else None

    def use_spec(self, spec: Spec) -> None:
        """Builds the model for this spec, once."""
        self.spec = spec
        self.build(spec)

    def configure_model(self) -> None:
        """Builds the model from the data module's spec. Called by Lightning once the data are set up."""
        # Lightning calls this before every stage, a second time where a model is tested after its training, and
        # load_from_checkpoint comes here before there is a trainer; on_load_checkpoint builds the model then.
        if self.spec is None and self._trainer is not None:
            if not isinstance(self.data, TaskData):
                raise UserError(
                    f"{type(self).__name__} takes its sizes from the data module, and the trainer has none",
                    hint="trainer.fit(model, datamodule=...)",
                )
            self.use_spec(self.data.spec)
            self.start_from(self.data)
            if self.fine_tuning is not None:
                self.fine_tuning.begin(self)
        if self._trainer is not None:
            self._check_device(self.trainer.strategy.root_device)

    def _check_device(self, device: torch.device) -> None:
        """Refuses a device without float64 for a model that needs it, before Lightning fails to move it there."""
        if exact_device(device) == device:
            return
        held = itertools.chain(self.named_parameters(), self.named_buffers())
        name = next((name for name, value in held if value.dtype == torch.float64), None)
        if name is not None:
            raise UserError(
                f"{type(self).__name__} computes in float64 ({name}), which {device.type} lacks",
                where="trainer.accelerator",
                hint="--trainer.accelerator cpu",
            )

    def start_from(self, data: D) -> None:
        """Called once when a new model was built for these data; later the checkpoint holds what is put in place here.

        That is the pretrained vectors of the data, if there are some, in ``self.embedding``, if it is one of words.
        """
        embedding = getattr(self, "embedding", None)
        if isinstance(embedding, WordEmbedding):
            embedding.start(getattr(data, "vectors", None))

    def named_axes(self) -> Mapping[str, Axes] | None:
        """What the axes of weights stand for where that depends on the data: words, classes.

        By these names the weights of a run are taken into a model of other data (`rnnbench.tasks.base.transfer`).

        Returns:
            Names of parameters -> `Names` along their first axes; empty where no weight depends on the data; None where
            nobody says it, so that weights are taken on data of the same spec alone.
        """
        return None

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and the schedule that the options name; none for a model without an optimizer."""
        if self.optimizer is None:
            return None
        optimizer = self.make_optimizer(self.optimizer)
        # A fused optimizer would undo the scale of float16 within its step, after gradients were clipped and divided;
        # Lightning refuses to clip then, and in bfloat16, too, which has no scale. Told so, the scaler undoes it first.
        optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
        if self.fine_tuning is not None:
            self.fine_tuning.divide(self, optimizer)
        fuse(optimizer)
        if self.scheduler is None:
            return optimizer
        scheduler = self.scheduler(optimizer)
        if isinstance(scheduler, ReduceLROnPlateau):
            # torch's own class names nothing to look at: what the best checkpoint is chosen by.
            monitor = getattr(scheduler, "monitor", self.monitor)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": monitor}}
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": counts(scheduler)}}

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
        # Where processes exchange them: a process group of GPUs takes no tensor of the CPU.
        device = exact_device(self.device)
        for name, value in values.items():
            # float64 tensors: Lightning would round plain numbers to float32. All processes have the same value: of
            # their greatest, unlike of their mean, every digit is that.
            exact = torch.tensor(value, dtype=torch.float64, device=device)
            self.log(f"{split}/{name}", exact, prog_bar=name in shown, reduce_fx="max", sync_dist=True, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the spec, and puts the options in a form that loads without unpickling."""
        checkpoint["spec"] = self.spec
        options = checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY]
        if "_class_path" not in options:  # built in a script: the command line has stored a plain form already
            options = {name: describe(value, name) for name, value in options.items()}
            options["_class_path"] = public_path(type(self))
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
