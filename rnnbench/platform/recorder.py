"""Writes ``result.json``: what a run measured, and all that is needed to trust the number."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from lightning.pytorch.utilities.seed import isolate_rng

from rnnbench.errors import UserError
from rnnbench.examples import EXAMPLES_FILE, write_examples
from rnnbench.platform.accounting import Accounting, training_flops
from rnnbench.platform.budget import Budget
from rnnbench.platform.checkpoint import RunInterrupted
from rnnbench.platform.environment import git_commit, hardware, versions
from rnnbench.platform.fine_tuning import FineTuning
from rnnbench.platform.request import Request, now
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.items import Items, write_items
from rnnbench.results.record import (
    Data,
    Measurement,
    Metric,
    Result,
    Split,
    Status,
    Training,
    read_result,
    write_result,
)
from rnnbench.safe_files import check_folder
from rnnbench.tasks.base import ItemSums, Task, TaskData


class RunRecorder(Callback):
    """Keeps ``result.json`` in the run folder up to date, in training and when the run is tested later.

    Nothing is written in a training before it is known that the run goes on as it was: `_run` is None until then. A
    finished run is taken over with the first batch that it is trained further; whatever fails before leaves it as it
    is.

    Args:
        accounting: The callback that counts tokens and time.
        request: What the run was asked for; None where it is not trained.
        settings: Hash of its options.
    """

    def __init__(self, accounting: Accounting, request: Request | None, settings: str) -> None:
        self.accounting = accounting
        self.request = request
        self.settings = settings
        self._run: RunFolder | None = None
        self._fingerprint = ""
        self._commit: str | None = None
        self._validation: dict[str, Metric] = {}

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must know of the record to go on with it."""
        return {
            "fingerprint": self._fingerprint,
            "validation": {name: dataclasses.asdict(metric) for name, metric in self._validation.items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self._fingerprint = state_dict["fingerprint"]
        self._validation = {name: Metric(**metric) for name, metric in state_dict["validation"].items()}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The run exists from here on; one that exists already has to be the same."""
        if trainer.is_global_zero:
            before = self._check(trainer)
            if before is None or before.status != "finished":
                self._take_over(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A finished run goes on from here."""
        if self._run is None and trainer.is_global_zero:
            # Counting operations may draw random numbers, which a training that was not resumed would not miss here.
            with isolate_rng():
                self._take_over(trainer, pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the record of a run that was trained to its end, where the record was lost."""
        if self._run is not None or not trainer.is_global_zero:
            return
        if self._check(trainer) is None:
            self._take_over(trainer, pl_module, "finished")
        else:  # there was nothing left to train
            print(f"run: {_folder(trainer).path}", flush=True)

    def _check(self, trainer: Trainer) -> Result | None:
        """Refuses what would make this another run; gives the record so far, None where there is none.

        Raises:
            UserError: The data are others than the run began with.
        """
        folder = _folder(trainer)
        data = cast(TaskData, trainer.datamodule)  # type: ignore[attr-defined]
        if not _goes_on(trainer):
            # It begins, or begins anew, be it with the weights of another run.
            self._fingerprint, self._validation = "", {}
        before = self._read(folder.result)
        if before is not None and _goes_on(trainer) and not self._fingerprint:
            # The checkpoint is from before there was anything in it for the record.
            self._fingerprint = before.data.fingerprint
            self._validation = before.metrics.get("validation", {})
        began = before.data.fingerprint if before is not None else self._fingerprint or data.fingerprint
        if began != data.fingerprint:
            raise UserError(
                f"the data have changed since the run began: fingerprint {began} then, {data.fingerprint} now",
                where=folder.path,
                hint="restore the data, or start a new run",
            )
        return before

    def _read(self, path: Path) -> Result | None:
        """The record so far; a damaged one counts as none where the checkpoint holds all that is needed of it."""
        if not path.is_file():
            return None
        try:
            return read_result(path)
        except UserError as error:
            if not self._fingerprint:
                raise
            print(f"{path} is written anew; it was damaged ({error.problem})", flush=True)
            return None

    def _take_over(self, trainer: Trainer, module: LightningModule, status: Status = "running") -> None:
        assert self.request is not None
        self._run = _folder(trainer)
        print(f"run: {self._run.path}", flush=True)
        data = cast(TaskData, trainer.datamodule)  # type: ignore[attr-defined]
        self._fingerprint = data.fingerprint
        # Once: that of the code that runs, and git takes longer than a step of a small model.
        self._commit = git_commit()
        self.request.write(self._run)
        if data.left_out is not None:
            data.left_out.write(self._run.path)
        self._write(trainer, module, status)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validation metrics of the best epoch so far: those of the checkpoint that is tested and used."""
        if trainer.sanity_checking:
            return
        if trainer.state.fn == "fit":
            if isinstance(pl_module, Task) and self._is_best(trainer, pl_module):
                self._validation = _metrics(trainer, pl_module, "validation")
            self._write(trainer, pl_module, "running")
        else:
            self._add(trainer, pl_module, "validation")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Test metrics of the finished run, and what every item contributes to them."""
        self._add(trainer, pl_module, "test")
        folder = _folder(trainer)
        if trainer.is_global_zero and isinstance(pl_module, Task) and folder.result.is_file():
            write_examples(folder.path / EXAMPLES_FILE, pl_module.examples())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The training is complete."""
        self._write(trainer, pl_module, "finished")

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Says what stopped the run."""
        stopped = isinstance(exception, RunInterrupted | KeyboardInterrupt)
        message = exception.problem if isinstance(exception, UserError) else f"{type(exception).__name__}: {exception}"
        self._write(trainer, pl_module, "interrupted" if stopped else "failed", None if stopped else message)

    def _write(self, trainer: Trainer, module: LightningModule, status: Status, message: str | None = None) -> None:
        if self._run is not None and self.request is not None and isinstance(module, Task):
            check_folder(self._run.path)
            write_result(self._run.result, self._result(trainer, module, self._run, self.request, status, message))

    def _result(
        self, trainer: Trainer, module: Task, run: RunFolder, request: Request, status: Status, message: str | None
    ) -> Result:
        data = cast(TaskData, trainer.datamodule)  # type: ignore[attr-defined]
        accounting = self.accounting
        batches = trainer.fit_loop.epoch_loop.batch_progress.total.completed
        start = next((one.start for one in trainer.callbacks if isinstance(one, FineTuning)), None)  # type: ignore[attr-defined]
        training = Training(
            epochs=batches / trainer.num_training_batches if trainer.num_training_batches else 0.0,
            steps=trainer.global_step,
            tokens=accounting.tokens,
            flops=training_flops(module.flops_per_token(), accounting.tokens),
            tokens_per_second=accounting.tokens_per_second,
            wall_seconds=accounting.wall_seconds,
            cpu_seconds=accounting.cpu_seconds,
            peak_memory_bytes=accounting.peak_memory_bytes,
        )
        return Result(
            application=module.application,
            model=module.model_name() + ("" if start is None else f", fine-tuned from {start.dataset}"),
            cell=module.cell_name(),
            baseline=module.baseline,
            preset=request.preset,
            run=run.path.name,
            status=status,
            message=message,
            data=Data(dataset=data.dataset, fingerprint=data.fingerprint, details=data.details()),
            metrics={"validation": self._validation} if self._validation else {},
            parameters=module.num_parameters(),
            training=training,
            selection=f"{module.monitor_mode} {module.monitor}",
            budget=_budget(trainer),
            settings=self.settings,
            seed=request.seed,
            versions=versions(),
            hardware=hardware(),
            processes=trainer.world_size,
            git_commit=self._commit,
            command=request.command,
            started=request.started,
            finished=None if status == "running" else now(),
            precision=str(trainer.precision),
            engine=module.engines(),
            start=start,
        )

    def _is_best(self, trainer: Trainer, module: Task) -> bool:
        """Whether these validation metrics are better than those kept; a model that monitors nothing keeps the last."""
        score = trainer.callback_metrics.get(module.monitor)
        kept = self._validation.get(module.monitor.partition("/")[2])
        if score is None or kept is None or not math.isfinite(kept.value):
            return True
        return float(score) < kept.value if module.monitor_mode == "min" else float(score) > kept.value

    def _add(self, trainer: Trainer, module: LightningModule, split: Split) -> None:
        """Adds the metrics of a split to the record of a run that was trained before."""
        path = _folder(trainer).result
        if not (trainer.is_global_zero and isinstance(module, Task) and path.is_file()):
            return
        result = read_result(path)
        data = cast(TaskData, trainer.datamodule)  # type: ignore[attr-defined]
        if data.fingerprint != result.data.fingerprint:
            rank_zero_info(
                f"not recorded in {path}: these are other data ({data.fingerprint}) than the run's"
                f" ({result.data.fingerprint})"
            )
            return
        measured = _metrics(trainer, module, split)
        changes: dict[str, Any] = {"metrics": {**result.metrics, split: measured}}
        if split == "test":
            state, decoding = _state(trainer), module.decoding()
            values = {name: metric.value for name, metric in measured.items()}
            test = Measurement(time=now(), checkpoint=state, decoding=decoding, values=values)
            changes |= {"checkpoint": state, "decoding": decoding, "tests": [*result.tests, test]}
        # The items first: an interrupted write leaves no result whose items are those of another test.
        if split == "test":
            _write_items(_folder(trainer).items, module.test_items())
        write_result(path, dataclasses.replace(result, **changes))


def record_failure(folder: RunFolder, message: str) -> None:
    """Says what stopped a run, where that was another process than the one that keeps the record."""
    result = read_result(folder.result) if folder.result.is_file() else None
    # Of one that was never taken over, nothing is written.
    if result is not None and result.status == "running":
        write_result(folder.result, dataclasses.replace(result, status="failed", message=message, finished=now()))


def _write_items(path: Path, found: ItemSums | None) -> None:
    if found is None:
        path.unlink(missing_ok=True)
    else:
        write_items(path, Items(found.metric, found.numbers.cpu().numpy(), found.sums.cpu().numpy()))


def _metrics(trainer: Trainer, module: Task, split: Split) -> dict[str, Metric]:
    values = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith(f"{split}/")}
    if not values:
        return {}
    metrics = {}
    for full_name, value in values.items():
        name = full_name.partition("/")[2]
        metrics[name] = Metric(value=value, signature=f"{name}|{module.signature_of(name, split)}")
    return metrics


def _state(trainer: Trainer) -> str | None:
    """The state that is tested: that which the rule of selection chose, or the name of the file."""
    path = trainer.ckpt_path
    if path is None:
        return None
    try:
        is_selected = Path(path).resolve() == _folder(trainer).checkpoint().resolve()
    except UserError:
        is_selected = False
    return "selected" if is_selected else Path(path).name


def _budget(trainer: Trainer) -> str | None:
    """What training is allowed; None for a model that takes no steps, and before the first one."""
    if not trainer.global_step:
        return None
    limits = {"epochs": trainer.max_epochs, "steps": trainer.max_steps, "seconds": _seconds(trainer)}
    parts = {unit: str(limit) for unit, limit in limits.items() if limit not in (None, -1)}
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Budget):
            parts |= {unit: f"{limit:g}" for unit, limit in callback.limits().items()}
    if trainer.limit_train_batches != 1.0:
        # An epoch of fewer batches is less training.
        parts["train_batches"] = f"{trainer.limit_train_batches:g}"
    return "|".join(f"{unit}:{limit}" for unit, limit in parts.items()) or "free"


def _seconds(trainer: Trainer) -> int | None:
    """The time that `max_time` allows."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Timer) and (left := callback.time_remaining()) is not None:
            return round(left + callback.time_elapsed())
    return None


def _goes_on(trainer: Trainer) -> bool:
    """Whether the training goes on from the last checkpoint of the run's own."""
    last = _folder(trainer).last
    return trainer.ckpt_path is not None and last.is_file() and last.samefile(trainer.ckpt_path)


def _folder(trainer: Trainer) -> RunFolder:
    return RunFolder(Path(trainer.default_root_dir))
