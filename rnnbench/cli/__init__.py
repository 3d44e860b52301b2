"""The command line: ``rnnbench VERB ...``. Verbs that need no torch do not import it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from rnnbench import __version__
from rnnbench.cli.own_code import own_code
from rnnbench.errors import UserError, did_you_mean

USER_ERROR = 2
INTERRUPTED = 130

_TRAINING_VERBS = {
    "fit": "train a model (and go on with an interrupted run: --resume RUN)",
    "validate": "compute the validation metrics of a trained model",
    "test": "compute the test metrics of a trained model: --run RUN",
    "predict": "use a trained model: --run RUN [INPUT ...]",
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
    try:
        return _dispatch(words)
    except UserError as error:
        if debug:
            raise
        _complain(error)
        return USER_ERROR
    except KeyboardInterrupt:
        if debug:
            raise
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`rnnbench predict ... | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        if debug:
            raise
        told = _user_error_behind(error)
        if told is not None:
            _complain(told)
            return USER_ERROR
        place = own_code(error)
        if place is not None:
            problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            _complain(UserError(problem, where=place, hint="this is your code; --debug shows how it got there"))
            return USER_ERROR
        _complain(UserError(f"{type(error).__name__}: {error}", where="a fault inside rnnbench", hint="see: --debug"))
        return 1


def _dispatch(words: list[str]) -> int:
    if words and words[0] in _TRAINING_VERBS:
        from rnnbench.cli.training import run_verb

        return run_verb(words)
    parser = _light_parser()
    if words and not words[0].startswith("-") and words[0] not in _light_verbs(parser):
        known = [*_TRAINING_VERBS, *_light_verbs(parser)]
        raise UserError(f"there is no verb {words[0]!r}", where="rnnbench", hint=did_you_mean(words[0], known))
    arguments = parser.parse_args(words)
    if not hasattr(arguments, "func"):
        parser.print_help()
        return USER_ERROR if words else 0
    return arguments.func(arguments)


def _light_parser() -> argparse.ArgumentParser:
    """The parser of all verbs that need no torch."""
    from rnnbench.cli import check_cell, check_task, compare, dashboard, listing, record, report, reproduce, study

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
    for module in (listing, check_cell, check_task, compare, record, study, report, dashboard, reproduce):
        module.add_parser(subparsers)
    return parser


def _light_verbs(parser: argparse.ArgumentParser) -> list[str]:
    return [name for action in parser._actions if isinstance(action.choices, dict) for name in action.choices]


def _user_error_behind(error: BaseException | None) -> UserError | None:
    """The user error that a library has wrapped into one of its own."""
    while error is not None and not isinstance(error, UserError):
        error = error.__cause__ or error.__context__
    return error


def _complain(error: UserError) -> None:
    lines = [line for line in (error.where, error.problem, error.hint) if line]
    print("error: " + "\n  ".join(lines), file=sys.stderr)
