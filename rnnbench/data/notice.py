"""What a reader says of data that it took otherwise than they stand there."""

from __future__ import annotations

import os
import sys

_told: set[str] = set()


def tell(line: str) -> None:
    """Says something on stderr, once: splits are read in every stage, and in every process of a training.

    Args:
        line: The notice, with the file it is about.
    """
    # The processes of a trainer know their number before anything is read.
    if line not in _told and os.environ.get("LOCAL_RANK", "0") == "0":
        _told.add(line)
        print(line, file=sys.stderr, flush=True)
