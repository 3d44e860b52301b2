"""One process at a time works on a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder

# Workers that read data outlive a killed training by a few seconds, and hold its lock so long.
_WAIT_SECONDS = 8.0


@contextlib.contextmanager
def locked(run: RunFolder, wait: float | None = None) -> Iterator[None]:
    """Keeps everybody else from training a run, and clears away what a killed process had half written.

    Args:
        run: The run.
        wait: Seconds to wait for another process; None for long enough for what a killed one leaves behind.

    Raises:
        UserError: Another process works on it.
    """
    lock = FileLock(run.lock)
    try:
        lock.acquire(timeout=_WAIT_SECONDS if wait is None else wait)
    except Timeout:
        raise UserError(
            "another process trains this run", where=run.path, hint="wait for it or end it, then --resume"
        ) from None
    except OSError as error:
        raise UserError(f"the run folder cannot be written: {error.strerror}", where=run.path) from None
    try:
        run.remove_temporaries()
        yield
    finally:
        lock.release()
        if not run.config.is_file():
            # A name that nobody took after all.
            run.lock.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                run.path.rmdir()


def create_run(
    root: Path, application: str, name: str | None, default_name: str, held: contextlib.ExitStack
) -> RunFolder:
    """Makes the folder ``root/application/name`` of a run that nobody else has.

    Args:
        root: Where runs lie.
        application: Name of the application.
        name: Name of the run; None takes the default name with the next free number.
        default_name: Name without a number.
        held: Keeps the run locked until it is closed.

    Raises:
        UserError: A run of this name exists, or another process is about to make it.
    """
    for run in RunFolder.candidates(root, application, name, default_name):
        with contextlib.ExitStack() as stack:
            if run.is_free():
                try:
                    stack.enter_context(locked(run, wait=0))
                except UserError:
                    if name is not None:
                        raise
                    continue
                if run.is_free():
                    held.enter_context(stack.pop_all())
                    return run
        if name is not None:
            raise UserError(
                "a run of this name exists; nothing was changed",
                where=run.path,
                hint=f"go on with it: --resume {run.path}, or choose another --name",
            )
    raise AssertionError("numbers do not end")
