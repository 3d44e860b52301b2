"""Forms of Chinese poems, as templates of characters."""

from __future__ import annotations

from rnnbench.decode.template import ANY
from rnnbench.errors import UserError

FORMS = {"五绝": (4, 5), "七绝": (4, 7), "五律": (8, 5), "七律": (8, 7)}
"""Lines and characters of a line: quatrains and regulated poems of five and of seven."""


def poem(form: str, first: str = "", acrostic: str = "") -> str:
    """The template of a poem, couplet by couplet.

    Args:
        form: One of `FORMS`.
        first: How it begins.
        acrostic: The first character of each line.

    Raises:
        UserError: The acrostic has not as many characters as the poem lines, or the beginning is longer than a line.
    """
    lines, size = FORMS[form]
    if acrostic and len(acrostic) != lines:
        raise UserError(f"{form} has {lines} lines, and {acrostic!r} {len(acrostic)} characters", where="--acrostic")
    if len(first) > size:
        raise UserError(f"a line of {form} has {size} characters, and {first!r} {len(first)}", where="--first")
    if first and acrostic and first[0] != acrostic[0]:
        raise UserError(
            f"the first line begins with {first[0]!r} and with {acrostic[0]!r}", where="--first, --acrostic"
        )
    starts = [first or acrostic[:1], *(acrostic[1:] or [""] * (lines - 1))]
    written = [start + ANY * (size - len(start)) for start in starts]
    return "\n".join(f"{one}，{two}。" for one, two in zip(written[::2], written[1::2], strict=True))
