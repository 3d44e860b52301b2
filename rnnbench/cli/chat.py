"""``rnnbench chat --run RUN``: a conversation with a trained model, in the terminal or through a pipe."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from rnnbench.applications import applications, load_application
from rnnbench.cli import streams
from rnnbench.cli.placing import PRECISIONS, in_precision, placing
from rnnbench.cli.quiet import quiet
from rnnbench.cli.trained import load_model, model_class
from rnnbench.errors import UserError, did_you_mean
from rnnbench.hub import open_run

_PROMPT = "> "
_COMMANDS = {
    "/reset": "forgets what was said",
    "/temperature T": "draws replies at T: below 1 careful, above 1 bold, 0 the best reply",
    "/help": "shows this",
    "/quit": "ends, as Ctrl-D does",
}


class Talks(Protocol):
    """What an application's module that predicts has as ``Conversation`` where its models can converse."""

    temperature: float
    """At which replies are drawn; 0 takes the best one. One that is out of range is refused as it is set."""

    def reply(self, turns: Sequence[str]) -> Iterator[str]:
        """The reply to the last turn, piece by piece.

        Args:
            turns: What was said so far, by both in turn.
        """


def chat(words: Sequence[str]) -> int:
    """Converses until the input ends.

    Args:
        words: What follows ``chat``.

    Returns:
        The exit status.
    """
    quiet()
    run, application, arguments = _read(words)
    with in_precision(arguments):
        model = load_model([run], application, place=placing(arguments))
        conversation: Talks = application.Conversation(model, arguments)
        if arguments.temperature is not None:
            conversation.temperature = arguments.temperature
        terminal = streams.is_terminal()
        if terminal:
            print(f"{run.path.name}: {' '.join(name.split()[0] for name in _COMMANDS)}", file=sys.stderr, flush=True)
        said = _converse(conversation, streams.input_lines(_PROMPT if terminal else None))
    if not said and not terminal:
        raise UserError(
            "there is nothing to reply to", where="standard input", hint="run it in a terminal, or pipe lines into it"
        )
    return 0


def _converse(conversation: Talks, lines: Iterator[str]) -> int:
    """Answers each line; returns how many there were."""
    turns: list[str] = []
    count = 0
    for line in lines:
        count += 1
        line = line.strip()
        if line == "/quit":
            break
        if line.startswith("/"):
            turns = _obey(line, conversation, turns)
        elif line:
            turns.append(line)
            pieces: list[str] = []
            streams.write_output(_kept(conversation.reply(turns), pieces))
            turns.append("".join(pieces))
    return count


def _kept(pieces: Iterator[str], kept: list[str]) -> Iterator[str]:
    """The pieces of a reply, and a line break, while they are kept."""
    for piece in pieces:
        kept.append(piece)
        yield piece
    yield "\n"


def _obey(line: str, conversation: Talks, turns: list[str]) -> list[str]:
    """Does what a line with a slash says; returns what was said before."""
    name, _, value = line.partition(" ")
    if name == "/reset":
        _tell("forgotten")
        return []
    if name == "/temperature":
        try:
            conversation.temperature = float(value or conversation.temperature)
            _tell(f"temperature {conversation.temperature:g}")
        except ValueError:
            _tell(f"/temperature: {value!r} is no number")
        except UserError as error:
            _tell(f"/temperature: {error.problem}")
    elif name == "/help":
        _tell("\n".join(f"{name:<16}{text}" for name, text in _COMMANDS.items()))
    else:
        _tell(f"there is no command {name}; {did_you_mean(name, [one.split()[0] for one in _COMMANDS])}")
    return turns


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _read(words: Sequence[str]) -> tuple[Any, Any, argparse.Namespace]:
    """The run, its application's module, and the options, of which some are the application's."""
    parser = argparse.ArgumentParser(
        prog="rnnbench chat",
        description="Talk with a trained model: a line is a turn, and it remembers as many as it was trained to.",
        epilog="commands:\n" + "\n".join(f"  {name:<16}{text}" for name, text in _COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument("--run", metavar="RUN", required=True, help="the run folder, or hf:NAME")
    parser.add_argument(
        "--temperature", type=float, metavar="T", help="0 takes the best reply (default: application's)"
    )
    parser.add_argument("--device", default="cpu", help="where it is computed: cpu, cuda, cuda:1, mps (default: cpu)")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0], help="(default: 32-true)")
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--run")
    try:
        named = first.parse_known_args(words)[0].run
        if named is None:
            parser.parse_args(words)  # shows the help, or asks for a run
        run = open_run(named, "--run")
        found = load_application(model_class(run).application)
        application = importlib.import_module(f"{found.module}.predict")
        if not hasattr(application, "Conversation"):
            raise UserError(
                f"models of {found.card.title.lower()} do not converse",
                where=f"--run {named}",
                hint=f"name a run of {_that_converse()}; this one answers rnnbench predict",
            )
        application.add_chat_options(parser)
        arguments, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where="rnnbench chat", hint="see: rnnbench chat --run RUN --help") from None
    if unknown:
        raise UserError(f"there is no option {unknown[0]}", where="rnnbench chat", hint="see: --help")
    return run, application, arguments


def _that_converse() -> str:
    """Names of the applications whose models converse."""
    found = [
        name for name, one in applications().items()
        if hasattr(importlib.import_module(f"{one.module}.predict"), "Conversation")
    ]  # fmt: skip
    return " or ".join(found)
