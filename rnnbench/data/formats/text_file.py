"""Text files: strictly UTF-8, and otherwise as they are; and what a line is."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rnnbench.data.source import Document
from rnnbench.errors import UserError
from rnnbench.reading import check_file, reading

_PIECE = 2**22  # bytes: enough that Python's share of the work does not count
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def decode(data: bytes, where: object) -> str:
    """Text of a UTF-8 file, without its byte order mark and with its own line endings.

    Args:
        data: The file's content.
        where: The file, for the error.

    Raises:
        UserError: The content is not UTF-8, or there is none.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_utf8(data.count(b"\n", 0, error.start) + 1, error.start, data[error.start], where) from None
    text = text.removeprefix("\ufeff")
    if not text:
        raise UserError("the file is empty", where=where)
    return text


def split_lines(text: str) -> list[str]:
    r"""The lines of a text, here and everywhere: what ``\n`` ends, without it and without a ``\r`` before it.

    Nothing else ends a line, unlike in `str.splitlines`: a line separator (U+2028), a form feed or a lone carriage
    return may stand inside a sentence, and then as many lines have to come out as went in.

    Args:
        text: The text; its last line needs no end.
    """
    *ended, last = text.split("\n")
    lines = [line.removesuffix("\r") for line in ended]
    return [*lines, last] if last else lines


def lines_of(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces, each with its end; `split_lines` of what need not fit into memory.

    Args:
        pieces: The text.
    """
    begun: list[str] = []
    for piece in pieces:
        for line in _LINE.findall(piece):
            if line[-1] != "\n":
                begun.append(line)
            elif begun:
                yield "".join([*begun, line])
                begun = []
            else:
                yield line
    if begun:
        yield "".join(begun)


def read_pieces(path: Path) -> Iterator[str]:
    """The characters of a file, in pieces of some millions; `decode` of a file that need not fit into memory.

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, is not UTF-8, or is empty.
    """
    check_file(path)
    pieces = (piece for piece in _decoded(path) if piece)
    first = next(pieces, None)
    if first is None:
        raise UserError("the file is empty", where=path)
    yield first
    yield from pieces


@dataclass(frozen=True)
class TextFile(Document):
    """A text file of any size, or some of its characters.

    Args:
        path: The file.
        state: Its size and the time of its last change, when it was measured.
        characters: How many characters it has.
        first: The first character that counts.
        end: The character after the last one that counts.
    """

    path: Path
    state: tuple[int, int]
    characters: int
    first: int
    end: int

    def __iter__(self) -> Iterator[str]:
        """The text, in pieces of some millions of characters.

        Raises:
            UserError: The file is another one by now.
        """
        place = 0
        for piece in _decoded(self.path):
            start, stop = max(self.first - place, 0), min(self.end - place, len(piece))
            if start < stop:
                yield piece[start:stop]
            place += len(piece)
            if place >= self.end:
                break
        if state_of(self.path) != self.state:
            raise changed(self.path)

    def part(self, span: slice) -> TextFile:
        """Some of the characters of a whole file."""
        return TextFile(self.path, self.state, self.characters, span.start, span.stop)


def measure_text_file(path: Path) -> tuple[TextFile, str]:
    """Reads a text file once, from its first byte to its last.

    Args:
        path: The file.

    Returns:
        The file, and the SHA-256 of its bytes.

    Raises:
        UserError: It cannot be read, is not UTF-8, or is empty.
    """
    check_file(path)
    state, digest = state_of(path), hashlib.sha256()
    characters = sum(map(len, _decoded(path, digest)))
    if not characters:
        raise UserError("the file is empty", where=path)
    return TextFile(path, state, characters, 0, characters), digest.hexdigest()


def state_of(path: Path) -> tuple[int, int]:
    """Size of a file in bytes and the time of its last change in nanoseconds: another file has another state."""
    with reading(path, hint="check its permissions"):
        found = path.stat()
    return found.st_size, found.st_mtime_ns


def changed(path: Path) -> UserError:
    """What is said of a file that was written to while it was read."""
    hint = "wait until it is written, and start again"
    return UserError("the file has changed since it was opened", where=path, hint=hint)


def _decoded(path: Path, digest: hashlib._Hash | None = None) -> Iterator[str]:
    """The characters of a file, in pieces; `decode` of a file that is not in memory."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, read = 1, 0
    with reading(path, hint="check its permissions"), path.open("rb") as file:
        begun = False
        while True:
            data = file.read(_PIECE)
            if digest is not None:
                digest.update(data)
            held = decoder.getstate()[0]
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                # What the decoder had held back of the piece before stands at the start of what it tells of.
                line = lines + error.object.count(b"\n", 0, error.start)
                place = read - len(held) + error.start
                raise _no_utf8(line, place, error.object[error.start], path) from None
            if text:
                yield text if begun else text.removeprefix("\ufeff")
                begun = True
            if not data:
                return
            lines += data.count(b"\n")
            read += len(data)


def _no_utf8(line: int, place: int, byte: int, where: object) -> UserError:
    return UserError(
        f"line {line} (byte {place}, 0x{byte:02x}) is not UTF-8",
        where=where,
        hint=f"convert it: iconv -f ITS_ENCODING -t UTF-8 {where} > NEW_FILE",
    )
