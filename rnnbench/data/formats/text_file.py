"""Text files: strictly UTF-8, and otherwise as they are; and what a line is."""

from __future__ import annotations

from rnnbench.errors import UserError


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
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"line {line} (byte {error.start}, 0x{data[error.start]:02x}) is not UTF-8",
            where=where,
            hint=f"convert it: iconv -f ITS_ENCODING -t UTF-8 {where} > NEW_FILE",
        ) from None
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
