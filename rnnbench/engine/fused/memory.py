"""What native code says where there is no memory."""

from __future__ import annotations


def check(status: int) -> None:
    """Raises what a call of native code reports.

    Args:
        status: What it returned.

    Raises:
        MemoryError: It could not allocate what it works in; what it has written so far means nothing.
    """
    if status:
        raise MemoryError("the fused engine cannot allocate the memory that it works in")
