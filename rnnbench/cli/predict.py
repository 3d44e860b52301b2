"""``rnnbench predict --run RUN [INPUT ...|-] [--output FILE]``: one form for every application."""

from __future__ import annotations

import argparse
import importlib
import itertools
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnnbench.applications import PredictCard, applications, load_application
from rnnbench.cli import streams
from rnnbench.cli.placing import PRECISIONS, in_precision, placing
from rnnbench.cli.quiet import quiet
from rnnbench.cli.trained import load_model, model_class
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.data.lines import Line, LineStream
from rnnbench.errors import UserError
from rnnbench.hub import open_run
from rnnbench.platform.run_folder import RunFolder
from rnnbench.reading import read_file
from rnnbench.safe_files import new_file, replace_text

_LONG = 1_000_000
_STDIN = "stdin"
_TABLES = (".csv", ".tsv", ".parquet")
_FURTHER = """

Further options are those of the run's application: rnnbench predict --run RUN --help.
Without --run, prompts in a configuration are continued: rnnbench predict --config FILE --ckpt_path CHECKPOINT."""


class Asked(NamedTuple):
    """What a command line of ``predict`` asks for."""

    runs: list[RunFolder]
    application: Any
    """The application's module that predicts."""
    card: PredictCard
    arguments: argparse.Namespace


def predict_from_run(words: Sequence[str]) -> int:
    """Loads a run's best checkpoint and predicts for the inputs.

    Args:
        words: What follows ``predict``.

    Returns:
        The exit status.
    """
    quiet()
    asked = read_words(words)
    application, arguments = asked.application, asked.arguments
    # What an input is, is the application's business where it is no text.
    read = getattr(application, "read_inputs", _read_lines)
    lines = read(arguments.inputs, arguments)
    model = load_model(asked.runs, application, arguments.checkpoint, placing(arguments))

    def warn(some: Any) -> None:
        for warning in application.warnings(model, some, arguments) if hasattr(application, "warnings") else ():
            print(warning, file=sys.stderr)

    if isinstance(lines, LineStream):
        lines.look = warn
    else:
        warn(lines)
    start = time.perf_counter()
    with in_precision(arguments):
        pieces = _counted(application.predict(model, lines, arguments), written := [0])
        if arguments.output:
            replace_text(arguments.output, "".join(pieces))
        else:
            streams.write_output(pieces)
    seconds = time.perf_counter() - start
    lines = "1 line" if written[0] == 1 else f"{written[0]:,} lines"
    print(f"{lines} in {seconds:.1f} s: {written[0] / seconds:,.1f} lines/s", file=sys.stderr)
    return 0


def _counted(pieces: Iterable[str], lines: list[int]) -> Iterator[str]:
    for piece in pieces:
        lines[0] += piece.count("\n")
        yield piece


def read_words(words: Sequence[str]) -> Asked:
    """Parses a command line with the options of the run's application.

    Args:
        words: What follows ``predict``.

    Raises:
        UserError: A run is not there, or an option is wrong.
    """
    parser = _common_parser()
    # The run says which application it is, and with that which further options there are.
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--run", default=[], action="append")
    try:
        named = first.parse_known_args(words)[0].run
        if not named:
            parser.epilog = _by_application()
            parser.parse_known_args(words)  # shows the help, or asks for a run
        runs = [open_run(run, "--run") for run in named]
        found = load_application(model_class(runs[0]).application)
        application = importlib.import_module(f"{found.module}.predict")
        use = found.card.predict
        parser.description = f"{found.card.title}. Reads: {use.reads} Writes: {use.writes}"
        # An application has options and warnings of its own where there is something to choose, or to warn of.
        if hasattr(application, "add_options"):
            application.add_options(parser)
        arguments, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise UserError(str(error), where="rnnbench predict", hint="see: rnnbench predict --run RUN --help") from None
    if unknown:
        raise UserError(f"there is no option {unknown[0]}", where="rnnbench predict", hint="see: --help")
    _check_finite(arguments)
    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise UserError(f"must be at least 1, found {arguments.batch_size}", where="--batch-size")
    return Asked(runs, application, use, arguments)


def _common_parser() -> argparse.ArgumentParser:
    """The options of every application."""
    parser = argparse.ArgumentParser(
        prog="rnnbench predict",
        description="Use a trained model.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    parser.add_argument(
        "--run",
        metavar="RUN",
        required=True,
        action="append",
        help="the run folder; several (--run A --run B) answer together, in applications where models can",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        action="append",
        default=[],
        help="another checkpoint than the run's best; the weights of several are averaged",
    )
    parser.add_argument("--device", default="cpu", help="where it is computed: cpu, cuda, cuda:1, mps (default: cpu)")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="type of numbers; in 64-true no digit depends on what else is in a batch (default: 32-true)",
    )
    parser.add_argument("--batch-size", type=int, metavar="N", help="most inputs that go through the model at once")
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="*", help="files with an input on each line; - is stdin, answered as it comes"
    )
    parser.add_argument(
        "--output", type=new_file, metavar="FILE", help="write here, whole or not at all (default: stdout, as it comes)"
    )
    return parser


def _by_application() -> str:
    """What is read and written where there is no run yet to say it."""
    lines = [
        f"  {name:<16}  {one.card.predict.reads} {one.card.predict.writes}" for name, one in applications().items()
    ]
    return "\n".join(["what is read and written:", *lines]) + _FURTHER


def _check_finite(arguments: argparse.Namespace) -> None:
    for name, value in vars(arguments).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"must be a finite number, found {value}", where=f"--{name.replace('_', '-')}")


def _read_lines(names: Sequence[str], arguments: argparse.Namespace) -> list[Line] | LineStream:
    if list(names) == ["-"]:
        return LineStream(_as_they_come())
    return [line for name in names for line in _told_if_long(_lines(name))]


def _lines(name: str) -> list[Line]:
    """The lines of a file or of stdin, each with where it stands."""
    if name == "-":
        return [line for part in _as_they_come() for line in part]
    if Path(name).suffix.lower() in _TABLES:
        raise UserError(
            "is a table of records, and its header and commas would be read as text",
            where=name,
            hint="write the inputs themselves into a text file, one on each line",
        )
    # As bytes, because what a line is, and what text, is the same here as in training.
    content = read_file(Path(name))
    if not content:
        raise UserError("there is nothing in it", where=name, hint="give an input on each line")
    return _numbered(split_lines(decode(content, name)), name, 0)


def _as_they_come() -> Iterator[list[Line]]:
    """The lines of stdin, as many as are there at a time."""
    waiting, number, read = b"", 0, 0
    for block in itertools.chain(streams.input_blocks(), [None]):
        whole, end, waiting = (waiting, b"", b"") if block is None else (waiting + block).rpartition(b"\n")
        if whole or end:
            part = _numbered(split_lines(_decoded(whole + end, number, read)), _STDIN, number)
            number, read = number + len(part), read + len(whole + end)
            yield _told_if_long(part)
    if not number:
        raise UserError("there is nothing in it", where=_STDIN, hint="give an input on each line")


def _decoded(data: bytes, lines: int, read: int) -> str:
    """Text that comes after so many lines and bytes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, place = lines + data.count(b"\n", 0, error.start) + 1, read + error.start
        raise UserError(
            f"line {line} (byte {place}, 0x{data[error.start]:02x}) is not UTF-8",
            where=_STDIN,
            hint="convert it: iconv -f ITS_ENCODING -t UTF-8",
        ) from None
    return text if read else text.removeprefix("\ufeff")


def _numbered(lines: Sequence[str], place: str, before: int) -> list[Line]:
    return [(line, f"{place}, line {number}") for number, line in enumerate(lines, start=before + 1)]


def _told_if_long(lines: list[Line]) -> list[Line]:
    for text, where in lines:
        if len(text) > _LONG:
            print(f"{where}: {len(text):,} characters are one input; this takes a while", file=sys.stderr)
    return lines
