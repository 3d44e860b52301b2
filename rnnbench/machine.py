"""What differs between operating systems: the one place that asks which of them this is.

Linux and macOS answer by the standard library; what it lacks on Windows comes from psutil, which is a dependency there.
Imports no torch.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import multiprocessing.context
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

try:
    import fcntl
    import resource
except ImportError:
    fcntl = resource = None  # type: ignore[assignment]

REQUEUE: signal.Signals | None = getattr(signal, "SIGUSR1", None)
"""What a scheduler sends before a job's time is over; None where there is no such signal."""

_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_KIB = 1024
_SIOCGIFADDR = 0x8915  # of an interface of Linux, its address
# Of the GNU C library: options of mallopt, and the most that the second one takes.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_BLOCK = 32 * 2**20
_KEPT = 256 * 2**20


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin_to_cores(number: int) -> None:
    """Leaves this process so many of its cores, where the system can; it must not have started threads yet."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])


def interface_to(address: str) -> str | None:
    """Name of the network interface by which another machine is reached, if it is no loopback; only Linux tells it.

    Args:
        address: The other machine's name or address.
    """
    if fcntl is None or sys.platform != "linux":
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))  # sends nothing; the system chooses the way
        except OSError:
            return None
        own = probe.getsockname()[0]
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                asked = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                if socket.inet_ntoa(asked[20:24]) == own and not own.startswith("127."):
                    return name
    return None


def load_average() -> float | None:
    """Processes that ran or waited to, on average over the last minute; None where the system does not count them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def total_memory() -> int:
    """Bytes of memory that this machine has, or that its container may use."""
    if not hasattr(os, "sysconf"):
        import psutil

        return psutil.virtual_memory().total
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed = _CONTAINER_LIMIT.read_text(encoding="utf-8").strip() if _CONTAINER_LIMIT.is_file() else "max"
    return physical if allowed == "max" else min(physical, int(allowed))


def peak_memory() -> int:
    """Most bytes that this process held at once, resident."""
    if resource is None:
        import psutil

        used = psutil.Process().memory_info()
        return getattr(used, "peak_wset", used.rss)  # only Windows keeps the peak there
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB  # bytes on a Mac, kilobytes elsewhere


def forget_peak_memory() -> None:
    """Counts the peak from here on, where the system can; elsewhere it stays that of the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def keep_freed_memory() -> None:
    """Lets this process reuse memory that it has freed, where the GNU C library would return it to the system.

    A training step frees its activations and asks for as many again; returned and fetched anew, page by page, they cost
    up to a twentieth of its time. At most 256 MiB beyond what is in use are kept.
    """
    if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ()):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)


def return_freed_memory() -> None:
    """Returns what this process has freed to the system, where the GNU C library holds pages of it back."""
    if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", ()):
        ctypes.CDLL(None).malloc_trim(0)


def seconds_of_children() -> float:
    """Processor time of the child processes that have ended; 0 where the system does not add it up."""
    if resource is None:
        return 0.0
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def after_fork(function: Callable[[], None]) -> None:
    """Calls a function in every process that is forked from this one; where none is, never."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=function)


def is_private(path: Path) -> bool:
    """Whether a file or folder is this user's, and nobody else may write to it."""
    if not hasattr(os, "getuid"):
        return True  # on Windows the folder of a user is closed to others
    status = path.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def try_lock(descriptor: int) -> bool:
    """Locks a file unless another process has; it stays locked until its last copy is closed.

    A copy that another process was given counts, too, but on Windows, where only the one that locked it does.

    Args:
        descriptor: The open file.

    Returns:
        Whether it is locked now.
    """
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt  # type: ignore[import-not-found,unused-ignore]

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True


def copy_for_process(descriptor: int) -> Connection | None:
    """A copy of a locked file's descriptor, to be handed to another process; None where that would hold no lock."""
    # As a connection, which is not for reading, the descriptor finds its way into the other process.
    return None if fcntl is None else Connection(os.dup(descriptor), writable=False)


def process_context() -> multiprocessing.context.ForkServerContext | multiprocessing.context.SpawnContext:
    """How processes of their own are started: as copies of one that has imported everything, or each anew."""
    methods = multiprocessing.get_all_start_methods()
    return (
        multiprocessing.get_context("forkserver") if "forkserver" in methods else multiprocessing.get_context("spawn")
    )


def leave_terminal() -> None:
    """Ctrl-C in the terminal no longer reaches this process."""
    if hasattr(os, "setsid"):
        os.setsid()
    elif threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def interrupt_itself() -> None:
    """Sends this process SIGTERM, to be handled by its main thread."""
    if sys.platform == "win32":
        # There `os.kill` would end it at once.
        signal.raise_signal(signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def died_of_memory(exit_code: int) -> bool:
    """Whether a process ended as one does whose memory the system takes away."""
    return -exit_code == getattr(signal, "SIGKILL", None)
