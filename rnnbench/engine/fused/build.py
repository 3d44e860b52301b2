"""Compiles generated code and keeps the libraries.

A library is found again by a hash of its source, the flags, the compiler's version and the processor, in the user's
cache folder. Files are written whole and renamed, so that processes that build at once replace each other's equal
files; each has its checksum in its name, so that a damaged one is built anew; and nothing is loaded from a folder that
others may write to.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from rnnbench.folders import cache_folder
from rnnbench.machine import is_private

log = logging.getLogger(__name__)

# What is not a number must stay so, and sums keep their order unless a loop says otherwise: no -ffast-math.
# An older standard has a <cmath> that is read in a third of the time.
_FLAGS = ("-O3", "-std=c++11", "-shared", "-fPIC", "-pthread", "-fno-math-errno", "-fno-trapping-math",
          "-ffp-contract=fast")  # fmt: skip
# What compilers and linkers say of the disk and not of the code; and bytes without which they may say anything.
_FULL = ("No space left on device", "Disk quota exceeded")
_ROOM = 2**20


class BuildError(Exception):
    """Why a library could not be built, in words that end a sentence."""


_loaded: dict[str, ctypes.CDLL | BuildError] = {}
_lock = threading.Lock()


def missing_compiler() -> str | None:
    """Why nothing can be compiled, in words that end a sentence; None where a compiler answers."""
    try:
        _compiler(os.environ.get("CXX"))
    except BuildError as error:
        return str(error)
    return None


def load(source: str) -> ctypes.CDLL:
    """The library of some C++ source, compiled unless it has been before.

    Raises:
        BuildError: Says why it cannot be compiled.
    """
    with _lock:
        if source not in _loaded:
            try:
                _loaded[source] = _find(source)
            except BuildError as error:
                # What failed once would fail at every call.
                _loaded[source] = error
        found = _loaded[source]
    if isinstance(found, BuildError):
        raise found
    return found


def _find(source: str) -> ctypes.CDLL:
    command, version = _compiler(os.environ.get("CXX"))
    flags = [*_FLAGS, *_system_flags()]
    key = hashlib.sha256("\0".join([source, *flags, version, _processor()]).encode()).hexdigest()[:32]
    folder = _own_folder(cache_folder() / "fused")
    if folder is None:
        log.warning("%s is no folder that only you can write to: native code is built anew", cache_folder() / "fused")
    else:
        try:
            return _kept(source, [*command, *flags], folder, key)
        except OSError as error:
            log.warning("%s cannot be used (%s): native code is built anew", folder, error.strerror or error)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            return _build(source, [*command, *flags], Path(temporary), key)
    except OSError as error:
        raise BuildError(f"there is no place to build its step in: {error.strerror or error}") from error


def _kept(source: str, command: list[str], folder: Path, key: str) -> ctypes.CDLL:
    """The library that lies in a folder, or one that is built there."""
    for path in folder.glob(f"{key}-*.so"):
        if _is_whole(path):
            return ctypes.CDLL(str(path))
        path.unlink(missing_ok=True)
    return _build(source, command, folder, key)


def _build(source: str, command: list[str], folder: Path, key: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as temporary:
        code, library = Path(temporary) / "step.cpp", Path(temporary) / "step.so"
        code.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [*command, str(code), "-o", str(library)],
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )
        if done.returncode or not library.is_file():
            if any(reason in done.stderr for reason in _FULL) or shutil.disk_usage(folder).free < _ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            lines = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines() or ["?"]
            raise BuildError(f"{command[0]} could not compile its step: {lines[0][-200:]}")
        library.chmod(0o700)
        path = folder / f"{key}-{_checksum(library)}.so"
        library.replace(path)
        return ctypes.CDLL(str(path))


def _is_whole(path: Path) -> bool:
    """Whether a file is ours alone to write, and as it was written."""
    return path.is_file() and is_private(path) and path.stem.endswith(f"-{_checksum(path)}")


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def _own_folder(folder: Path) -> Path | None:
    """The folder, made where it is missing; None unless only this user can write to it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder if is_private(folder) and os.access(folder, os.W_OK) else None
    except OSError:
        return None


@functools.cache
def _compiler(named: str | None) -> tuple[list[str], str]:
    """The command of the compiler and what it says of its version."""
    if sys.platform == "win32":
        raise BuildError("native code is not built on Windows")
    candidates = [named] if named else ["g++", "clang++", "c++"]
    for candidate in candidates:
        command = candidate.split()
        if command and shutil.which(command[0]):
            done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return command, done.stdout
    raise BuildError(f"there is no C++ compiler ({', '.join(candidates)})")


def _system_flags() -> list[str]:
    """What the compilers of this system know: all of this processor, and loops that are marked as vectors."""
    intel = platform.machine().lower() in ("x86_64", "amd64")
    if sys.platform == "darwin":
        # Apple's clang knows neither -fopenmp-simd nor -mcpu=native; for its own processors it has nothing to be told.
        return ["-march=native"] if intel else []
    return ["-fopenmp-simd", *(["-march=native", "-mprefer-vector-width=512"] if intel else ["-mcpu=native"])]


@functools.cache
def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU ")
    return "\n".join(line for line in lines if line.startswith(wanted) and not line.startswith("cpu MHz"))
