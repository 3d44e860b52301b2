"""``config.yaml``: the full configuration of a run, in its folder and in every logger."""

from __future__ import annotations

import yaml
from jsonargparse import Namespace
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser

from rnnbench.platform.run_folder import RunFolder
from rnnbench.platform.settings import flatten
from rnnbench.platform.wandb_run import wandb_defaults


class LogRunConfig(Callback):
    """Hands the configuration to the loggers before the training starts.

    Args:
        config: Text of ``config.yaml``.
    """

    def __init__(self, config: str) -> None:
        self.config = config

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Logs it, on the first process."""
        if stage == "fit" and trainer.is_global_zero:
            values = yaml.safe_load(self.config)
            for logger in trainer.loggers:
                logger.log_hyperparams(values)


def config_text(parser: LightningArgumentParser, config: Namespace) -> str:
    """The text of ``config.yaml``: every option, the defaults too.

    Args:
        parser: The parser that made the configuration.
        config: The configuration, as that parser made it.
    """
    config = config.clone()
    config["ckpt_path"] = None
    return parser.dump(config, skip_none=False, skip_check=True)


def fill_logger_options(config: Namespace, run: RunFolder) -> None:
    """Gives a W&B logger that the command line names the options that make runs comparable.

    Args:
        config: Configuration of the verb; changed in place.
        run: The run's folder.
    """
    loggers = config.trainer.logger if isinstance(config.trainer.logger, list) else [config.trainer.logger]
    for logger in loggers:
        if not isinstance(logger, Namespace) or not logger.class_path.endswith("WandbLogger"):
            continue
        cell = flatten(config.model).get("init_args.backbone.init_args.cell.class_path")
        source = flatten(config.data).get("init_args.source.class_path", "")
        tags = [str(path).rpartition(".")[2] for path in (cell, source) if path]
        for name, value in wandb_defaults(run, run.path.parent.name, tags).items():
            if logger.init_args.get(name) in (None, ".", False):
                logger.init_args[name] = value
