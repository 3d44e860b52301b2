"""The verbs that train or use a model: Lightning's command line with rnnbench's runs around it."""

from __future__ import annotations

import contextlib
import copy
import importlib
import logging
import pkgutil
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

import rnnbench.cells
import rnnbench.data
import rnnbench.tasks
from rnnbench.cli.option_values import check_values
from rnnbench.cli.own_code import see_working_folder
from rnnbench.cli.parse_errors import as_user_error
from rnnbench.cli.places import Places
from rnnbench.cli.quiet import quiet
from rnnbench.cli.requeue import command
from rnnbench.cli.run_options import RunOptions, read_options
from rnnbench.cli.starting import origin_of
from rnnbench.cli.yaml_values import prepare_loader
from rnnbench.errors import UserError
from rnnbench.machine import keep_freed_memory
from rnnbench.platform.accounting import Accounting
from rnnbench.platform.averaging import AveragedWeights
from rnnbench.platform.budget import Budget
from rnnbench.platform.checkpoint import SIGNALS, RunCheckpoint, RunInterrupted
from rnnbench.platform.checkpoint_io import SafeCheckpointIO, check_resumable, load_checkpoint, refuse_weights
from rnnbench.platform.divergence import DivergenceGuard
from rnnbench.platform.fine_tuning import FineTuning, Origin
from rnnbench.platform.launched import is_first_process
from rnnbench.platform.memory_check import MemoryCheck, is_out_of_memory, out_of_memory
from rnnbench.platform.metrics_file import MetricsFile
from rnnbench.platform.network import name_interface
from rnnbench.platform.processes import check_processes
from rnnbench.platform.progress import EpochLines, Progress
from rnnbench.platform.random_state import RandomState
from rnnbench.platform.recorder import RunRecorder, record_failure
from rnnbench.platform.request import Request
from rnnbench.platform.run_config import LogRunConfig, config_text, fill_logger_options
from rnnbench.platform.run_lock import create_run, locked
from rnnbench.platform.scheduling import Scheduling
from rnnbench.platform.settings import flatten, settings_hash
from rnnbench.platform.together import ending_together
from rnnbench.platform.wandb_run import FinishWandb, connect
from rnnbench.tasks.base import Spec, Task, TaskData
from rnnbench.tasks.base.intervals import Interval

INTERRUPTED = 130


def run_verb(words: list[str], callbacks: Sequence[Callback] = ()) -> int:
    """Runs ``fit``, ``validate``, ``test`` or ``predict``.

    Args:
        words: The verb and what follows it.
        callbacks: What else watches the run.

    Returns:
        The exit status.
    """
    verb = words[0]
    keep_freed_memory()
    see_working_folder()
    quiet()
    options = read_options(verb, words[1:])
    import_all()
    prepare_loader()
    try:
        with contextlib.ExitStack() as held:
            if verb == "fit" and is_first_process():
                held.enter_context(_log_printed())
                if options.run is not None:
                    held.enter_context(locked(options.run))
            cli = RunCLI(options, callbacks, held)
    except RuntimeError as error:
        refuse_weights(error, options.checkpoint or f"rnnbench {verb}")
        raise
    except RunInterrupted:
        print("interrupted; what was trained is saved", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:
        # What Lightning makes of Ctrl-C.
        if isinstance(stop.__context__, KeyboardInterrupt):
            print("interrupted at once; the last checkpoint is what is saved", file=sys.stderr)
            return INTERRUPTED
        raise
    if verb == "predict":
        for text in cli.predictions:
            print(text)
    return 0


class RunCLI(LightningCLI):
    """LightningCLI whose every training is a run folder, with the standing callbacks of the platform.

    Args:
        options: What rnnbench's own options come to.
        callbacks: What else watches the run.
        held: Keeps a new run locked until it is closed; needed only where one is made.
    """

    def __init__(
        self, options: RunOptions, callbacks: Sequence[Callback] = (), held: contextlib.ExitStack | None = None
    ) -> None:
        self.options = options
        self.watching = callbacks
        self.held = held or contextlib.ExitStack()
        self.run_folder = options.run
        self.request: Request | None = None
        self.origin: Origin | None = None
        self.predictions: list[Any] = []
        # Without abbreviations: --trainer.max_epoch would be taken for --trainer.max_epochs.
        quiet = {"exit_on_error": False, "allow_abbrev": False}
        super().__init__(
            Task,
            TaskData,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=1,
            auto_configure_optimizers=False,
            save_config_callback=None,
            parser_kwargs={**quiet, **dict.fromkeys(self.subcommands(), quiet)},
            trainer_defaults={"logger": False, "enable_autolog_hparams": False, "enable_model_summary": False},
            args=options.words,
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """The one that is asked for: the options of the other three would take longer to build than to parse."""
        verb = self.options.words[0]
        return {verb: super().subcommands()[verb]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds the options of the standing callbacks that have any."""
        parser.add_lightning_class_args(RunCheckpoint, "checkpoint")
        parser.add_lightning_class_args(DivergenceGuard, "divergence")
        parser.add_lightning_class_args(Budget, "budget")
        parser.add_lightning_class_args(FineTuning, "fine_tuning")
        parser.add_argument("--from", type=str | None, default=None, help="A run to take the weights of.")
        parser.add_argument(
            "--scheduler_interval",
            type=Interval | None,
            default=None,
            help="Step the learning-rate schedule after each epoch or step; null takes what the schedule counts.",
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parses, with errors in three lines, and keeps a copy of what was asked for."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.config = parser.parse_args(args)
        except (Exception, SystemExit) as error:
            if isinstance(error, (SystemExit, UserError)):
                raise
            raise as_user_error(error, args, parser) from error
        check_values(self.config[self.config.subcommand], Places(args).error)
        self.asked = copy.deepcopy(self.config)
        path = self.config[self.config.subcommand].get("ckpt_path")
        if path and not str(path).strip():
            raise UserError("names no file", where="--ckpt_path", hint="name a checkpoint of a run, or leave it out")
        try:
            self.checkpoint_spec = _spec_of(path, self.config.subcommand == "fit") if path else None
        except UserError as error:
            if self.run_folder is None:
                raise UserError(error.problem, where=f"--ckpt_path {error.where}", hint=error.hint) from None
            raise

    def before_instantiate_classes(self) -> None:
        """Refuses what would make a run another one; then makes the folder of a new run, its configuration first."""
        config = self.config[self.subcommand]
        before = Request.of(self.run_folder) if self.options.resumed and self.run_folder else None
        if before is not None:
            # What was asked for, not what the checkpoint has made of it.
            before.refuse_change(self._config_text(self.asked[self.subcommand]))
        _refuse_disagreement(self.asked[self.subcommand], config)
        if self.subcommand == "fit" and config["from"] is not None and self.checkpoint_spec is None:
            # Before there is a folder; a training that goes on has the weights already.
            self.origin = origin_of(config["from"])
        if self.subcommand == "fit" and self.run_folder is None and is_first_process():
            task = importlib.import_module(config.model.class_path.rpartition(".")[0])
            application = getattr(task, config.model.class_path.rpartition(".")[2]).application
            options = self.options
            self.run_folder = create_run(options.root, application, options.name, options.default_name, self.held)
            config.trainer.default_root_dir = str(self.run_folder.path)
        try:
            if self.run_folder is not None and is_first_process():
                fill_logger_options(config, self.run_folder)
            text = self._config_text(config)
            # What `save_hyperparameters` keeps; Lightning would write, check and read the same once more.
            self.config_dump = yaml.safe_load(text)
            if self.subcommand == "fit":
                if before is None:
                    self.request = Request.new(command(), self.options.preset, text)
                else:
                    self.request = before.resumed(command(), text)
                if self.run_folder is not None and not self.options.resumed and is_first_process():
                    self.request.write(self.run_folder)
        except BaseException:
            self._discard()
            raise

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Adds the callbacks that every run has, and the reading and writing of checkpoints."""
        trainer_config = self.config_init[self.subcommand].trainer
        plugins = trainer_config.get("plugins") or []
        trainer_config.plugins = [*(plugins if isinstance(plugins, list) else [plugins]), SafeCheckpointIO()]
        callbacks: list[Callback] = list(self.watching)
        if trainer_config.get("enable_progress_bar") is not False:
            callbacks.append(EpochLines())
            if sys.stdout.isatty():
                callbacks.append(Progress())
            else:
                trainer_config.enable_progress_bar = False
        if self.run_folder is not None or self.subcommand == "fit":
            accounting = Accounting()
            callbacks += [
                # First of all: a run that does not fit, or whose schedule fails, leaves nothing behind.
                MemoryCheck(),
                Scheduling(self.config[self.subcommand].get("scheduler_interval")),
                RandomState(),
                AveragedWeights(),
                accounting,
                # Before all that write into a run that exists: it is what takes it over.
                RunRecorder(accounting, self.request, settings_hash(self.config[self.subcommand])),
                MetricsFile(accounting),
                FinishWandb(),
            ]
            if self.request is not None:
                callbacks.append(LogRunConfig(self.request.config))
        self.trainer_defaults["callbacks"] = callbacks
        trainer = super().instantiate_trainer(**kwargs)
        check_processes(trainer)
        return trainer

    def after_instantiate_classes(self) -> None:
        """Builds the model as its checkpoint says: a trained vocabulary rules over that of new data."""
        if self.checkpoint_spec is not None:
            self.model.use_spec(self.checkpoint_spec)
        if self.origin is not None:
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]
            next(one for one in callbacks if isinstance(one, FineTuning)).origin = self.origin
            self.datamodule.known = self.origin.tokens()

    def instantiate_classes(self) -> None:
        """Leaves no empty run folder behind where an option turns out to be wrong, or W&B does not answer."""
        try:
            super().instantiate_classes()
            connect(self.trainer)
        except BaseException:
            self._discard()
            raise

    def fit(self, **kwargs: Any) -> None:
        """Trains."""
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            with self._together():
                self.trainer.fit(**kwargs)
        except BaseException as error:
            # Lightning ends without its callbacks' `teardown`, and Ctrl-C would stay theirs.
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():
                    signal.signal(number, handler)
            self._discard()
            if is_out_of_memory(error):
                raise out_of_memory(error, self.trainer) from error
            raise

    def validate(self, **kwargs: Any) -> None:
        """Measures the validation split."""
        with self._together():
            self.trainer.validate(**kwargs)

    def test(self, **kwargs: Any) -> None:
        """Measures the test split."""
        with self._together():
            self.trainer.test(**kwargs)

    def _config_text(self, config: Any) -> str:
        return config_text(self._parser(self.subcommand), config)

    def predict(self, **kwargs: Any) -> None:
        """Keeps the predictions for printing."""
        with self._together():
            self.predictions = self.trainer.predict(**kwargs) or []

    def _together(self) -> contextlib.AbstractContextManager[None]:
        if self.trainer.num_nodes > 1:
            name_interface()
        return ending_together(self.trainer, self._record_failure, orderly=(RunInterrupted,))

    def _record_failure(self, message: str) -> None:
        if self.run_folder is not None and self.subcommand == "fit":
            record_failure(self.run_folder, message)

    def _discard(self) -> None:
        if self.run_folder is not None and self.options.run is None and is_first_process():
            self.run_folder.discard_if_unused()


def _spec_of(path: str, resumed: bool) -> Spec:
    """What a checkpoint's model knows of its data; a damaged or foreign file is found before anything is built."""
    checkpoint = load_checkpoint(path)
    if resumed:
        check_resumable(checkpoint, path)
    return checkpoint["spec"]


def _refuse_disagreement(asked: Any, config: Any) -> None:
    """LightningCLI lets a checkpoint's options override the configuration without a word; here that is an error."""
    wanted, found = flatten(asked.get("model")), flatten(config.get("model"))
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            name = key.replace("init_args.", "")
            raise UserError(
                f"the configuration says {wanted.get(key)!r}, the checkpoint says {found.get(key)!r}",
                where=f"model.{name}",
                hint="leave the option as it was trained, or train anew",
            )


def import_all() -> None:
    """Imports every module, so that classes are known by their short names."""
    for package in (rnnbench.cells, rnnbench.data, rnnbench.tasks):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    # `--model.scheduler DecayAfter` as torch's own, `--trainer.callbacks+=GradientFlow` as Lightning's own.
    for name in ("schedules", "gradient_flow"):
        importlib.import_module(f"rnnbench.platform.{name}")


class _Printed(logging.Handler):
    """Prints what is logged among the lines of a training."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


@contextlib.contextmanager
def _log_printed() -> Iterator[None]:
    """Lets a training say which engine runs its cells, and why not a faster one."""
    logger, handler, level = logging.getLogger("rnnbench"), _Printed(), logging.getLogger("rnnbench").level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
