"""When the schedule of the learning rate is stepped, and whether it will last."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from lightning.pytorch.utilities.types import LRSchedulerConfig
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from rnnbench.applications import metric_cards
from rnnbench.errors import UserError, did_you_mean
from rnnbench.tasks.base import Task
from rnnbench.tasks.base.intervals import Interval

_MOST_TRIED = 20_000


class Scheduling(Callback):
    """Steps the schedule as it counts, and tries it out before the training.

    A schedule that reduces the rate on a plateau is stepped after each validation, in the direction in which the
    metric is better.

    Args:
        interval: ``step`` steps the schedule after each optimizer step, ``epoch`` after each epoch; null takes what the
            schedule counts: steps for OneCycleLR, CyclicLR, WarmUp and WarmUpCosine, epochs for all others.
    """

    def __init__(self, interval: Interval | None = None) -> None:
        self.interval = interval

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Sets the interval, before a checkpoint brings the state."""
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, ReduceLROnPlateau):
                # Lightning would step it after epochs, validated or not, but for the one in which a run is resumed.
                config.frequency = sys.maxsize
                _turn(config.scheduler, _mode(str(config.monitor), pl_module))
            elif self.interval is not None:
                config.interval = self.interval

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tries the schedule out as far as the training goes.

        Raises:
            UserError: It fails on the way.
        """
        for config in trainer.lr_scheduler_configs:
            total = _times(trainer, config)
            if total is None or isinstance(config.scheduler, ReduceLROnPlateau) or not isinstance(pl_module, Task):
                continue
            rates = _rates(config, pl_module, total)
            name, unit = type(config.scheduler).__name__, f"{config.interval}s"
            over = next((number for number, rate in enumerate(rates) if rate == 0 and number < total - 1), None)
            period = getattr(config.scheduler, "T_max", total)
            if period < total - 1:
                _print(f"{name}: the learning rate rises again after {period} of {total} {unit}")
            elif over is not None:
                _print(f"{name}: the learning rate is 0 from {config.interval} {over} of {total} on")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Steps what waits for a plateau.

        Raises:
            UserError: Nothing is logged under the name that it looks at.
        """
        if trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, ReduceLROnPlateau):
                value = trainer.callback_metrics.get(str(config.monitor))
                if value is None:
                    raise UserError(
                        f"nothing is logged as {config.monitor}",
                        where="--model.scheduler.monitor",
                        hint=did_you_mean(str(config.monitor), trainer.callback_metrics),
                    )
                config.scheduler.step(float(value))


def _mode(monitor: str, module: LightningModule) -> Literal["min", "max"] | None:
    """The direction in which a logged value is better; None where nobody knows."""
    if isinstance(module, Task) and monitor == module.monitor:
        return "min" if module.monitor_mode == "min" else "max"
    card = metric_cards().get(monitor.rpartition("/")[2])
    return None if card is None or card.better is None else "min" if card.better == "lower" else "max"


def _turn(scheduler: ReduceLROnPlateau, mode: Literal["min", "max"] | None) -> None:
    if mode is not None and scheduler.mode != mode:
        scheduler.mode = mode
        scheduler.mode_worse = scheduler.best = math.inf if mode == "min" else -math.inf


def _times(trainer: Trainer, config: LRSchedulerConfig) -> int | None:
    """How often the schedule will be stepped; None where the training has no length."""
    batches, epochs = trainer.num_training_batches, trainer.max_epochs
    if epochs in (None, -1) or math.isinf(batches):
        return trainer.max_steps if config.interval == "step" and trainer.max_steps > 0 else None
    if config.interval == "epoch":
        return epochs
    steps = epochs * math.ceil(batches / trainer.accumulate_grad_batches)
    return min(steps, trainer.max_steps) if trainer.max_steps > 0 else steps


def _rates(config: LRSchedulerConfig, task: Task, total: int) -> list[float]:
    """The rates to come, by a schedule of its own on parameters of its own.

    Raises:
        UserError: The schedule fails.
    """
    assert task.scheduler is not None
    real: LRScheduler = config.scheduler
    groups = [
        {**group, "params": [torch.zeros(1, requires_grad=True)], "lr": group.get("initial_lr", group["lr"])}
        for group in real.optimizer.param_groups
    ]
    rates: list[float] = []
    try:
        make: Callable[..., Optimizer] = type(real.optimizer)
        optimizer = make([{k: v for k, v in group.items() if k != "initial_lr"} for group in groups])
        scheduler = task.scheduler(optimizer)
        for _ in range(min(total, _MOST_TRIED)):
            rates.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            scheduler.step()
    except Exception as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{type(real).__name__} fails after {len(rates)} of {total} {config.interval}s: {what}",
            where="--model.scheduler",
            hint=f"it is stepped {total} times; give it as many, or change --scheduler_interval",
        ) from error
    return rates


@rank_zero_only
def _print(line: str) -> None:
    print(line, flush=True)
