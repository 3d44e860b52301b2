"""Whether an error arose in code of the user's own."""

from __future__ import annotations

import traceback
from pathlib import Path


def own_code(error: BaseException | None) -> str | None:
    """The line of a file below the working folder where an error arose.

    Args:
        error: The error; what it was raised from counts, too.

    Returns:
        File and line in words; None where no file of the user's own is involved.
    """
    ours, working = Path(__file__).parents[1], Path.cwd()
    found = None
    while error is not None:
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError) and error.filename:
            places.append((error.filename, error.lineno))
        for name, line in places:
            path = Path(name)
            own = path.is_relative_to(working) and not path.is_relative_to(ours) and "site-packages" not in path.parts
            if own and path.is_file():
                found = f"{path.relative_to(working)}, line {line}"
        error = error.__cause__ or error.__context__
    return found
