"""Weights & Biases: names and groups that make a dashboard compare runs, and an end to every run."""

from __future__ import annotations

import os
import re
import uuid
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder

# Wait no longer than this for the network, and leave the terminal to the progress bar. As variables of the environment
# and not as the logger's `settings`: these come back from a run's configuration with every default filled in, and
# would put the run online.
_ENVIRONMENT = {"WANDB_INIT_TIMEOUT": "30", "WANDB_CONSOLE": "off", "WANDB_SILENT": "true"}


def wandb_defaults(run: RunFolder, application: str, tags: list[str]) -> dict[str, Any]:
    """Options of `WandbLogger` for a run; what the user sets comes first.

    Args:
        run: The run's folder, which also holds W&B's files.
        application: Group of the run.
        tags: Tags of the run: cell and data set.
    """
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    offline = os.environ.get("WANDB_MODE") is None and not _logged_in()
    if offline:
        print(f"W&B: nobody is logged in, so this run stays offline; later: wandb sync {run.path}/wandb/offline-run-*")
    return {
        "name": run.path.name,
        "project": "rnnbench",
        "group": application,
        "tags": tags,
        "save_dir": str(run.path),
        # An id of its own, kept in the run's config, lets a resumed run go on as the same run.
        "id": f"{re.sub(r'[^A-Za-z0-9_-]', '-', run.path.name)[:48]}-{uuid.uuid4().hex[:8]}",
        "resume": "allow",
        "mode": "offline" if offline else None,
    }


def connect(trainer: Trainer) -> None:
    """Starts the W&B run of a trainer that has such a logger, before anything else asks for it.

    Raises:
        UserError: W&B cannot be reached or refuses the login.
    """
    loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
    if not loggers or not trainer.is_global_zero:
        return
    import wandb

    try:
        for logger in loggers:
            # The run starts when it is first asked for.
            _ = logger.experiment
    except (wandb.errors.CommError, wandb.errors.UsageError, wandb.errors.AuthenticationError) as error:
        raise UserError(
            f"W&B does not answer: {str(error).splitlines()[0]}",
            where="trainer.logger",
            hint="train without it, or offline: --trainer.logger.offline true",
        ) from None


class FinishWandb(Callback):
    """Ends the W&B run when the training ends, fails or is interrupted, so that its summary is not lost."""

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Ends it as failed."""
        _finish(trainer, exit_code=1)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Ends it."""
        _finish(trainer, exit_code=0)


def _finish(trainer: Trainer, exit_code: int) -> None:
    if any(isinstance(logger, WandbLogger) for logger in trainer.loggers) and trainer.is_global_zero:
        import wandb

        if wandb.run is not None:
            wandb.finish(exit_code=exit_code)


def _logged_in() -> bool:
    import wandb

    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return bool(wandb.Api().api_key)
    except wandb.errors.UsageError:
        return False
