"""Runs on this machine: one process imports everything once, and every run is a copy of it.

A copy starts in milliseconds, cannot disturb another run, and takes none with it when it dies. Each holds the study's
lock and one end of a pipe to the study: where that falls silent, the run saves and ends. On Windows, which copies no
processes, each run imports everything for itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from rnnbench import machine
from rnnbench.study.launch import Event, Outcome, Perform, log_of, work
from rnnbench.study.plan import Run

# How long a run that was asked to stop may take to finish its step and save.
_GRACE_SECONDS = 60.0
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass
class _Place:
    """Where a run can be performed, and the one that is."""

    device: str | None
    run: Run | None = None
    process: BaseProcess | None = None
    pipe: Connection | None = None
    outcome: Outcome | None = field(default=None)


class Local:
    """Runs in processes of one thread each.

    Args:
        perform: Does a run.
        folder: The study's folder.
        lock: Descriptor of the file that is locked as long as a process of this study lives.
        workers: Number of runs at a time; None for as many as there are GPUs, or else cores.
    """

    def __init__(self, perform: Perform, folder: Path, lock: int, workers: int | None = None) -> None:
        devices = visible_gpus()
        self.workers = workers or len(devices) or machine.cores()
        self._devices = [devices[number % len(devices)] if devices else None for number in range(self.workers)]
        self._perform = perform
        self._folder = folder
        self._lock = lock
        self._context = machine.process_context()

    def launch(self, runs: Sequence[Run]) -> Generator[Event, None, None]:
        """See `Launcher.launch`."""
        waiting = list(reversed(runs))
        places = [_Place(device) for device in self._devices]
        if waiting:
            self._start_server()
        try:
            while True:
                for place in places:
                    if place.run is None and waiting:
                        self._start(place, waiting.pop())
                        assert place.run is not None
                        yield Event(place.run, "started")
                busy = [place for place in places if place.run is not None]
                if not busy:
                    return
                multiprocessing.connection.wait([place.pipe for place in busy if place.pipe is not None], timeout=1.0)
                for place in busy:
                    yield from self._listen(place)
        finally:
            _stop([place for place in places if place.process is not None])

    def _start_server(self) -> None:
        """The process that imports everything, where there is such a one."""
        if self._context.get_start_method() == "forkserver":
            from multiprocessing import forkserver

            self._context.set_forkserver_preload([self._perform.module])
            with _one_thread():
                forkserver.ensure_running()

    def _start(self, place: _Place, run: Run) -> None:
        place.pipe, theirs = self._context.Pipe()
        lock = machine.copy_for_process(self._lock)
        environment = {**os.environ, **({"CUDA_VISIBLE_DEVICES": place.device} if place.device else {})}
        log = log_of(run, self._folder).resolve()
        arguments = (self._perform, run, log, str(Path.cwd()), environment, theirs, lock)
        place.run, place.outcome = run, None
        place.process = self._context.Process(target=_perform_here, args=arguments, name=run.id)
        with _one_thread():
            place.process.start()
        theirs.close()
        if lock is not None:
            lock.close()

    def _listen(self, place: _Place) -> Iterator[Event]:
        """What a run has told since it was last listened to."""
        run, process, pipe = place.run, place.process, place.pipe
        assert run is not None
        assert process is not None
        assert pipe is not None
        try:
            while pipe.poll():
                said = pipe.recv()
                if isinstance(said, Outcome):
                    place.outcome = said
                else:
                    yield Event(run, "progress", said)
        except (EOFError, OSError):
            process.join()
            died = Outcome("failed", f"its process died: {_how(process.exitcode)}")
            place.run = place.process = place.pipe = None
            pipe.close()
            yield Event(run, "ended", outcome=place.outcome or died)


def visible_gpus() -> list[str]:
    """The GPUs that CUDA may use, without importing torch."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name.strip() not in ("", "-1")]
    folder = Path("/proc/driver/nvidia/gpus")
    return [str(number) for number, _ in enumerate(folder.iterdir())] if folder.is_dir() else []


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Libraries count their threads when they are imported: in the process that starts here, one."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _perform_here(
    perform: Perform,
    run: Run,
    log: Path,
    folder: str,
    environment: dict[str, str],
    pipe: Connection,
    lock: Connection | None,
) -> None:
    """What the other process does."""
    # Ctrl-C reaches the study, which asks every run once to save; a second signal would cut that short.
    machine.leave_terminal()
    os.chdir(folder)
    os.environ.update(environment)
    threading.Thread(target=_stop_when_told, args=(pipe,), daemon=True).start()

    def report(fraction: float) -> None:
        with contextlib.suppress(OSError):
            pipe.send(fraction)

    outcome = work(perform, run, log, report)
    with contextlib.suppress(OSError):
        pipe.send(outcome)
    if lock is not None:
        lock.close()


def _stop_when_told(pipe: Connection) -> None:
    """Saves and ends when the other end says so, or is silent for ever: the study has died."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    machine.interrupt_itself()
    time.sleep(_GRACE_SECONDS)
    os._exit(1)


def _stop(places: Sequence[_Place]) -> None:
    """Asks runs to save and end, and waits; a second Ctrl-C waits no longer."""
    processes = [place.process for place in places if place.process is not None]
    for place in places:
        if place.pipe is not None:
            with contextlib.suppress(OSError):
                place.pipe.send("stop")
    try:
        until = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            process.join(max(0.0, until - time.monotonic()))
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
                process.join()
        for place in places:
            if place.pipe is not None:
                place.pipe.close()


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit status {code}"
    why = ", most often for want of memory" if machine.died_of_memory(code) else ""
    return f"{signal.Signals(-code).name}{why}"
