"""Processes of a training end together: where one fails, all do, and the first one says why.

A process that waits for another, in a collective operation on GPUs, does so without looking up. Here a thread does: all
processes tell in the store that they met in whether they live and what made them fail, and look at it every second.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from lightning.pytorch import Trainer

from rnnbench.errors import UserError
from rnnbench.platform.network import unreachable

_EVERY = 1.0
# How long a process that works may be silent, and how long one that was told to end may take to do so by itself.
_SILENT = 45.0
_PATIENCE = 2.0
# How long it may take to reach the store.
_REACH = 5.0
_FIRST_IS_GONE = "the first process is gone"
_FAILED, _HEARD, _FINISHED, _ALIVE = (f"rnnbench/{name}" for name in ("failed", "heard", "finished", "alive"))


@contextlib.contextmanager
def ending_together(
    trainer: Trainer, tell: Callable[[str], None], orderly: tuple[type[BaseException], ...] = ()
) -> Iterator[None]:
    """Ends this process when another fails in the meantime, and the others if this one does.

    Without other processes it does nothing.

    Args:
        trainer: Knows how many processes there are.
        tell: Is told on the first process what made another fail, before this one ends.
        orderly: Exceptions that come on all processes at the same time, and are no failures.

    Raises:
        UserError: On the first process, in place of an error that only follows from that of another.
    """
    watch = _Watch(trainer, tell)
    watch.start()
    try:
        yield
    except orderly:
        watch.finish()
        raise
    except BaseException as error:
        found = unreachable(error) or error
        watch.fail(found)
        if found is error:
            raise
        raise found from error
    watch.finish()


class _Watch(threading.Thread):
    def __init__(self, trainer: Trainer, tell: Callable[[str], None]) -> None:
        super().__init__(daemon=True, name="ending-together")
        self._tell = tell
        self._over = threading.Event()
        self._store: Any = None  # the one that the process group meets in
        self._rank, self._processes = trainer.global_rank, trainer.world_size
        self._signs: dict[int, tuple[int, float]] = {}

    def run(self) -> None:
        """Looks at the others until the end, which may be theirs."""
        while not self._over.wait(_EVERY):
            try:
                found = self._look()
            except RuntimeError:  # torch's errors of the network
                found = _FIRST_IS_GONE
            # An error of its own, or one that follows from the other's, takes a moment to be raised here.
            if found is not None and not self._over.wait(_PATIENCE):
                if self._rank == 0:
                    print(f"error: {found}", file=sys.stderr, flush=True)
                    self._hear(found)
                else:
                    self._wait_until_heard()
                os._exit(2)

    def finish(self) -> None:
        """All is well here; the first process, which holds the store, stays until the others say so, too."""
        self._over.set()
        if self._store is None:
            return
        with contextlib.suppress(RuntimeError):
            self._store.add(_FINISHED, 1)
            until = time.monotonic() + _SILENT
            while self._rank == 0 and self._store.add(_FINISHED, 0) < self._processes:
                if time.monotonic() > until or self._store.check([_FAILED]):
                    break
                time.sleep(0.05)

    def fail(self, error: BaseException) -> None:
        """Tells the others; an error that follows from that of another process becomes that one."""
        self._over.set()
        if self._store is None and not self._connect():
            return
        # What hangs at the exit does so no longer than this.
        fallback = threading.Timer(20.0, os._exit, [2])
        fallback.daemon = True
        fallback.start()
        try:
            theirs = self._failure()
            if theirs is None:
                place = f"process {self._rank} on {socket.gethostname()}"
                self._store.set(_FAILED, f"{place} failed: {_said(error)}")
                self._wait_until_heard()
                if self._rank == 0 and not _met():
                    time.sleep(3 * _EVERY)  # the store is gone with this process, and the others may just be coming
                return
        except RuntimeError:
            theirs = _FIRST_IS_GONE
        if self._rank > 0:
            self._wait_until_heard()
            raise SystemExit(2) from None
        self._hear(theirs)
        raise UserError(theirs, hint="all that it said stands above, or in the output of its machine") from error

    def _connect(self) -> bool:
        """Goes to the store, of which the process group has a connection of its own, in use while it waits.

        That a process failed before the group was there has to be known, too: the others would wait for half an hour.
        """
        address, port = os.environ.get("MASTER_ADDR"), os.environ.get("MASTER_PORT")
        if self._processes == 1 or not address or not port:
            return False
        with contextlib.suppress(OSError, RuntimeError):
            # Where nobody listens yet, torch's store would say so at length.
            socket.create_connection((address, int(port)), _REACH).close()
            until = timedelta(seconds=_REACH)
            store = dist.TCPStore(address, int(port), is_master=False, timeout=until, wait_for_workers=False)
            # torchrun's store outlives a restart, what failed before it does not.
            self._store = dist.PrefixStore(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"), store)
        return self._store is not None

    def _look(self) -> str | None:
        """What made another process fail."""
        if self._store is None and not self._connect():
            return None
        self._store.add(f"{_ALIVE}/{self._rank}", 1)
        return self._failure() or (self._silent() if _met() and self._rank == 0 else None)

    def _failure(self) -> str | None:
        return self._store.get(_FAILED).decode() if self._store.check([_FAILED]) else None

    def _silent(self) -> str | None:
        """A process that died without a word."""
        now = time.monotonic()
        if self._store.add(_FINISHED, 0):  # nobody gives signs for ever
            return None
        for rank in range(1, self._processes):
            sign = self._store.add(f"{_ALIVE}/{rank}", 0)
            before, since = self._signs.get(rank, (None, now))
            if sign != before:
                self._signs[rank] = sign, now
            elif now - since > _SILENT:
                message = f"process {rank} has given no sign of life for {_SILENT:.0f} seconds"
                self._store.set(_FAILED, message)
                return message
        return None

    def _hear(self, message: str) -> None:
        self._tell(message)
        with contextlib.suppress(RuntimeError):
            self._store.set(_HEARD, "")
            time.sleep(0.5)  # the store is gone with this process

    def _wait_until_heard(self) -> None:
        # Whoever started this process would end the first one in the middle of its word.
        until = time.monotonic() + 5 * _PATIENCE
        with contextlib.suppress(RuntimeError):
            while self._rank > 0 and time.monotonic() < until and not self._store.check([_HEARD]):
                time.sleep(0.1)


def _met() -> bool:
    """Whether the process group is there."""
    return dist.is_available() and dist.is_initialized()


def _said(error: BaseException) -> str:
    if isinstance(error, UserError):
        return ": ".join(str(part) for part in (error.where, error.problem) if part)
    return f"{type(error).__name__}: {error}".splitlines()[0]
