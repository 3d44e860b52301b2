"""Standard input and output as they are found: closed, full, of another encoding."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from rnnbench.errors import UserError

_NAMES = ("stdin", "stdout", "stderr")
_closed: set[str] = set()


def open_closed() -> None:
    """Opens what is closed on the null device, so that no file opened later gets its number and with it its output."""
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            _closed.add(name)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def input_blocks() -> Iterator[bytes]:
    """All of standard input, as much as there is at a time: it may never end.

    Raises:
        UserError: It is closed.
    """
    if "stdin" in _closed:
        raise UserError("is closed", where="standard input", hint="name a file")
    while block := sys.stdin.buffer.read1():  # type: ignore[union-attr]  # a buffered reader has it
        yield block


def is_terminal() -> bool:
    """Whether somebody types."""
    return "stdin" not in _closed and sys.stdin.isatty()


def input_lines(prompt: str | None) -> Iterator[str]:
    """The lines of standard input, each as soon as it is there.

    Args:
        prompt: What is shown before each, to somebody who types; None where nobody does.

    Raises:
        UserError: It is closed, or a line is not UTF-8.
    """
    if "stdin" in _closed:
        raise UserError("is closed", where="standard input", hint="run it in a terminal, or pipe lines into it")
    number = 0
    while True:
        number += 1
        if prompt is not None:
            try:
                yield input(prompt)
            except EOFError:
                print(file=sys.stderr)
                return
            continue
        raw = sys.stdin.buffer.readline()
        if not raw:
            return
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"line {number} (byte {error.start} of it, 0x{raw[error.start]:02x}) is not UTF-8",
                where="standard input",
                hint="convert it: iconv -f ITS_ENCODING -t UTF-8",
            ) from None
        yield line.removeprefix("\ufeff") if number == 1 else line


def write_output(pieces: Iterable[str]) -> None:
    """Writes each piece as soon as it is there.

    Raises:
        UserError: Nobody can read it, or not all of it can be written.
    """
    if "stdout" in _closed:
        raise UserError("is closed", where="standard output", hint="write to a file: --output FILE")
    for piece in pieces:
        try:
            sys.stdout.write(piece)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritten(error) from error


def flush() -> None:
    """Writes what still waits to be written, while an error can be told.

    Raises:
        UserError: It cannot be written.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritten(error) from error


def flush_or_abandon() -> None:
    """Writes what still waits to be written, or lets it go: there is another error to tell."""
    try:
        sys.stdout.flush()
    except OSError:
        abandon_output()


def abandon_output() -> None:
    """Lets what still waits to be written go nowhere, where nobody reads it or the device is full."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):  # no file at all
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


def _unwritten(error: OSError) -> UserError:
    abandon_output()
    return UserError(
        f"cannot be written: {error.strerror}", where="standard output", hint="make room, or write to a file elsewhere"
    )
