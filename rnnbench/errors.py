"""The one exception that means: the user can mend this."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input, told in at most three lines: where it is, what is wrong, what to do.

    The command line prints it without a traceback and exits with status 2; in a script it is an ordinary exception.

    Args:
        problem: What is wrong, as one sentence that names the value found.
        where: The file, option or environment variable that holds the wrong value.
        hint: What to do about it, or the name that was probably meant.
    """

    def __init__(self, problem: str, *, where: object | None = None, hint: str | None = None) -> None:
        self.problem = _printable(problem)
        self.where = None if where is None else _printable(str(where))
        self.hint = None if hint is None else _printable(hint)
        super().__init__("\n".join(line for line in (self.where, self.problem, self.hint) if line))


def _printable(text: str) -> str:
    """Text that leaves a terminal as it is: what a damaged file or a file name holds may move its cursor."""
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The near match of ``name`` among ``known`` as a hint, or all that are known if nothing is near."""
    candidates = sorted(set(known))
    # Names differ in case and in their module path more often than in a letter: compare the last part, case-folded.
    folded = {candidate.rpartition(".")[2].casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.rpartition(".")[2].casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean: {folded[near[0]]}"
    return f"known: {', '.join(candidates)}" if candidates else "nothing is known under any name here"
