"""Checksums of what was read."""

from __future__ import annotations

import hashlib
from io import BufferedReader
from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.reading import reading


def check_sha256(content: bytes | BufferedReader, expected: str, *, where: object, hint: str) -> None:
    """Compares the SHA-256 of some content with the one on its card.

    Args:
        content: The bytes, or a file that is read from where it stands to its end.
        expected: 64 hexadecimal digits.
        where: What the content is, for the error.
        hint: What to do about another checksum.

    Raises:
        UserError: The two differ.
    """
    if isinstance(content, bytes):
        found = hashlib.sha256(content).hexdigest()
    else:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    check_digest(found, expected, where=where, hint=hint)


def check_digest(found: str, expected: str, *, where: object, hint: str) -> None:
    """Compares a SHA-256 that is known with the one on the card; arguments and error as for `check_sha256`."""
    if found != expected:
        raise UserError(f"SHA-256 is {found}, expected {expected}", where=where, hint=hint)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, which need not fit into memory."""
    with reading(path, hint="check its permissions"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
