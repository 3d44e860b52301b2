"""Options of rnnbench itself, beside those of Lightning's command line."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

from rnnbench.cli.config_files import check_config_file, check_options
from rnnbench.cli.places import named_files
from rnnbench.cli.presets import preset_of, resolve_configs
from rnnbench.cli.requeue import name_in_job, requeued_run
from rnnbench.errors import UserError
from rnnbench.hub import open_run
from rnnbench.platform.run_folder import RunFolder


@dataclass(frozen=True)
class RunOptions:
    """What the options of rnnbench come to.

    Args:
        words: The command line for Lightning's parser.
        run: The run that is resumed, tested or used; None for a new one.
        resumed: Whether the run's training goes on.
        root: Where a new run's folder is made.
        name: Name of a new run; None for one with a number.
        preset: Name of the preset the run is made from, if it is.
        default_name: What the name of a new run starts with.
    """

    words: list[str]
    run: RunFolder | None
    resumed: bool
    root: Path
    name: str | None
    preset: str | None
    default_name: str

    @property
    def checkpoint(self) -> str | None:
        """The checkpoint that the words name, if they do."""
        named = [after for word, after in itertools.pairwise(self.words) if word == "--ckpt_path"]
        named += [word.removeprefix("--ckpt_path=") for word in self.words if word.startswith("--ckpt_path=")]
        return named[-1] if named else None


def option_parser(verb: str) -> argparse.ArgumentParser:
    """The parser of these options; what it does not know is for Lightning's."""
    parser = argparse.ArgumentParser(prog=f"rnnbench {verb}", add_help=False, allow_abbrev=False)
    group = parser.add_argument_group("options of rnnbench")
    if verb == "fit":
        group.add_argument("--name", help="name of the run (default: the preset's name and a number)")
        group.add_argument("--runs", metavar="DIR", default="runs", help="where runs lie (default: runs)")
        group.add_argument("--resume", metavar="RUN", help="go on with an interrupted run, from its last checkpoint")
    else:
        group.add_argument("--run", metavar="RUN", help="the run folder to take configuration and checkpoint from")
    return parser


def read_options(verb: str, words: list[str]) -> RunOptions:
    """Takes rnnbench's options out of a command line, and puts what they mean into Lightning's words.

    Args:
        verb: ``fit``, ``validate``, ``test`` or ``predict``.
        words: What follows the verb.
    """
    parser = option_parser(verb)
    parser.exit_on_error = False
    try:
        own, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where=f"rnnbench {verb}", hint=f"see: rnnbench {verb} --help") from None
    rest, files = resolve_configs(_one_plateau(rest))
    preset = next((preset_of(file) for file in files), None)
    default_name = name_in_job(files[0].stem if files else "run")
    root, name = Path(getattr(own, "runs", "runs")).expanduser(), getattr(own, "name", None)
    run, resumed = None, False
    if getattr(own, "resume", None):
        if name:
            raise UserError("a run that goes on keeps its name", where="--name", hint="leave it out")
        run, resumed = RunFolder.open(Path(own.resume), "--resume"), True
    elif verb == "fit" and (begun := requeued_run(root, name, default_name)):
        run, resumed = begun, True
    if resumed and run is not None:
        last = run.last_to_resume()
        if last is None:
            print("there is no checkpoint to go on from: the training begins anew", flush=True)
        rest = [*_of_run(run), *([f"--ckpt_path={last}"] if last is not None else []), *rest]
    elif getattr(own, "run", None):
        run = open_run(own.run, "--run")
        checkpoint = [] if any(word.startswith("--ckpt_path") for word in rest) else [f"--ckpt_path={run.checkpoint()}"]
        rest = [*_of_run(run), *checkpoint, *rest]
    elif verb == "fit" and (start := _begins_from(rest)) is not None and not files:
        base = open_run(start, "--from")
        # Its configuration, but for what logged it: W&B would take the new run for the old one.
        rest = [f"--config={base.config}", "--trainer.logger=false", *rest]
        default_name = base.path.name
    for path in named_files(rest):
        check_config_file(path)
    check_options(rest)
    return RunOptions([verb, *rest], run, resumed, root, name, preset, default_name)


def _of_run(run: RunFolder) -> list[str]:
    # The folder may have been moved since its configuration was written.
    return [f"--config={run.config}", f"--trainer.default_root_dir={run.path}"]


def _begins_from(words: list[str]) -> str | None:
    """The run whose weights are taken, where the words name no model of their own."""
    if any(word.partition("=")[0] == "--model" for word in words):
        return None
    named = [after for word, after in itertools.pairwise(words) if word == "--from"]
    named += [word.removeprefix("--from=") for word in words if word.startswith("--from=")]
    return named[-1] if named else None


def _one_plateau(words: list[str]) -> list[str]:
    """Lightning has a class of the same name as torch's, with a metric to look at; the parser refuses to choose."""
    monitored = any(word.partition("=")[0] == "--model.scheduler.monitor" for word in words)
    path = "lightning.pytorch.cli" if monitored else "torch.optim.lr_scheduler"
    found = []
    for before, word in itertools.pairwise(["", *words]):
        if word == "ReduceLROnPlateau" and before == "--model.scheduler":
            word = f"{path}.{word}"
        found.append(word.replace("scheduler=Reduce", f"scheduler={path}.Reduce"))
    return found
