"""The command line: ``rnnbench VERB ...``. Verbs that need no torch do not import it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rnnbench import __version__
from rnnbench.cli import streams
from rnnbench.cli.faults import told
from rnnbench.cli.own_code import see_working_folder
from rnnbench.errors import UserError, did_you_mean

FAULT = 1
USER_ERROR = 2
INTERRUPTED = 130
_LONGEST_LINE = 500

_TRAINING_VERBS = {
    "fit": "train a model (and go on with an interrupted run: --resume RUN)",
    "validate": "compute the validation metrics of a trained model",
    "test": "compute the test metrics of a trained model: --run RUN",
    "predict": "use a trained model: --run RUN [INPUT ...]",
    "chat": "talk with a trained model of dialogue: --run RUN",
    "diagnose": "show how far a network remembers, and how its gradients fade: --run RUN",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        argv: The words after ``rnnbench``; None takes those of the process.

    Returns:
        The exit status: 0, 2 for bad input, 130 for an interruption, 1 for a fault of rnnbench itself.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    streams.open_closed()
    try:
        status = _status(words)
        streams.flush()
        return status
    except BrokenPipeError:
        # Whoever read our output has seen enough (`rnnbench predict ... | head`).
        streams.abandon_output()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        found = told(error)
        if found is not None:
            _complain(found)
            return USER_ERROR
        _complain(UserError(f"{type(error).__name__}: {error}", where="a fault inside rnnbench", hint="see: --debug"))
        return FAULT


def _status(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):  # so Lightning ends at a second Ctrl-C
            return INTERRUPTED
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _dispatch(words: list[str]) -> int:
    if words and words[0] in _TRAINING_VERBS:
        return _train_or_use(words)
    parser = _light_parser()
    if words and not words[0].startswith("-") and words[0] not in _light_verbs(parser):
        known = [*_TRAINING_VERBS, *_light_verbs(parser)]
        raise UserError(f"there is no verb {words[0]!r}", where="rnnbench", hint=did_you_mean(words[0], known))
    arguments = parser.parse_args(words)
    if not hasattr(arguments, "func"):
        parser.print_help()
        return USER_ERROR if words else 0
    return arguments.func(arguments)


def _train_or_use(words: list[str]) -> int:
    """Runs a verb that needs torch; help, and what can be found wrong without it, come before it is imported."""
    verb = words[0]
    see_working_folder()
    if verb == "diagnose":
        from rnnbench.cli.diagnose import diagnose

        return diagnose(words[1:])
    if verb == "chat":
        from rnnbench.cli.chat import chat

        return chat(words[1:])
    asks_help = any(word in ("-h", "--help") for word in words)
    configured = any(word.startswith(("--config", "-c", "--model")) for word in words)
    if verb == "predict" and (asks_help or not configured or any(word.partition("=")[0] == "--run" for word in words)):
        from rnnbench.cli.predict import predict_from_run

        return predict_from_run(words[1:])
    if asks_help:
        from rnnbench.cli.training_help import page

        print(page(verb))
        return 0
    from rnnbench.cli.run_options import read_options

    read_options(verb, words[1:])
    from rnnbench.cli.training import run_verb

    return run_verb(words)


def _light_parser() -> argparse.ArgumentParser:
    """The parser of all verbs that need no torch."""
    from rnnbench.cli import (
        check_cell,
        check_task,
        compare,
        dashboard,
        doctor,
        export,
        listing,
        push,
        record,
        report,
        reproduce,
        serve,
        study,
    )

    verbs = "\n".join(f"  {verb:<10}{text}" for verb, text in _TRAINING_VERBS.items())
    parser = argparse.ArgumentParser(
        prog="rnnbench",
        description="Any recurrent cell on any sequence task, with results that can be compared.",
        epilog=f"verbs that train or use a model (each has its own --help):\n{verbs}\n\n"
        "Every verb takes --debug, which shows the traceback of an error.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rnnbench {__version__}")
    subparsers = parser.add_subparsers(title="other verbs", metavar="VERB")
    for module in (
        listing,
        doctor,
        export,
        push,
        serve,
        check_cell,
        check_task,
        compare,
        record,
        study,
        report,
        dashboard,
        reproduce,
    ):
        module.add_parser(subparsers)
    return parser


def _light_verbs(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions if isinstance(action.choices, dict) for name in action.choices]


def _complain(error: UserError) -> None:
    streams.flush_or_abandon()
    lines = [" ".join(line.split()) for line in (error.where, error.problem, error.hint) if line]
    short = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..." for line in lines]
    print("error: " + "\n  ".join(short), file=sys.stderr)
