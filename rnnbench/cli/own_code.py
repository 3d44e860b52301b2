"""Code of the user's own, in the working folder: how it is found, and whether an error arose in it."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path


def see_working_folder() -> None:
    """Lets classes of the working folder be named: there lies ``my_cell.py`` of ``class_path: my_cell.Mine``.

    The folder comes last on the path, so that no file in it stands in for a library.
    """
    working = str(Path.cwd())
    if sys.path[:1] in ([""], [working]):  # python -m puts it first
        del sys.path[0]
    if working not in sys.path:
        sys.path.append(working)


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
