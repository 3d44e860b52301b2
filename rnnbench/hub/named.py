"""The run that a name names."""

from __future__ import annotations

from pathlib import Path

from rnnbench.errors import UserError
from rnnbench.folders import cache_folder
from rnnbench.platform.run_folder import RunFolder

PREFIX = "hf:"
"""What the name of a run on the hub begins with."""


def open_run(name: str | Path, option: str) -> RunFolder:
    """A run: of a folder, or of the hub, whose runs lie in the cache once they were fetched.

    Args:
        name: The folder, or ``hf:OWNER/NAME``, with ``@REVISION`` for another than the newest.
        option: The option that named it, for the error.

    Raises:
        UserError: There is no such run, or what was fetched is none.
    """
    text = name.as_posix() if isinstance(name, Path) else name
    if not text.startswith(PREFIX):
        return RunFolder.open(Path(name), option)
    from rnnbench.hub.client import download
    from rnnbench.hub.taken import make_run

    wanted, _, revision = text.removeprefix(PREFIX).partition("@")
    if not wanted:
        raise UserError("no model is named", where=f"{option} {text}", hint="hf:OWNER/NAME")
    files, commit = download(wanted, revision or None)
    return make_run(files, cache_folder() / "hub" / wanted.replace("/", "--") / commit)
