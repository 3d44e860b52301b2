"""``rnnbench doctor``: what this installation can do, and the command that mends what it cannot."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal, NamedTuple

from rnnbench import __version__

_BROKEN = 1
_MARKS = {"good": "ok", "note": "--", "bad": "!!"}
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"extra\s*==\s*['\"](?P<extra>[\w-]+)['\"]")
_DEVELOPMENT = ("dev", "docs")


class Finding(NamedTuple):
    """One line of the answer."""

    what: str
    state: Literal["good", "note", "bad"]
    """``note`` where something is missing that everything runs without."""
    told: str
    mend: str | None = None
    """The command that mends it."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "doctor",
        help="print versions, compiler, engines, devices and cache, and what mends what is missing",
        description="Looks at this installation: versions, compiler, engines, devices, cache, and with --network the"
        " package index. What is missing stands with the command that brings it. Exit status 1 where nothing trains.",
    )
    parser.add_argument("--network", action="store_true", help="ask whether the package index can be reached, too")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the findings."""
    parts: list[Callable[[], Iterator[Finding]]] = [_python, _packages, _devices, _native, _cache, _extras]
    broken = False
    for part in [*parts, *([_network] if arguments.network else [])]:
        for found in part():
            broken = broken or found.state == "bad"
            print(f"{_MARKS[found.state]}  {found.what:<12} {found.told}", flush=True)
            if found.mend:
                print(f"    {'':<12} {found.mend}", flush=True)
    return _BROKEN if broken else 0


def _python() -> Iterator[Finding]:
    where = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield Finding("rnnbench", "good", f"{__version__}, Python {platform.python_version()}, {where}")
    yield Finding("installed in", "good", str(Path(__file__).resolve().parents[1]))


def _packages() -> Iterator[Finding]:
    missing: list[str] = []
    found: list[str] = []
    for name, extra in _required():
        if extra is None:
            (found if _version(name) else missing).append(name)
    named = [f"{name} {_version(name)}" for name in ("torch", "lightning", "jsonargparse", "torchmetrics", "numpy")]
    yield Finding("packages", "good", ", ".join(named))
    if missing:
        yield Finding("packages", "bad", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    try:
        import torch
    except Exception as error:
        told = f"torch cannot be imported: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        yield Finding("torch", "bad", told, "pip install --force-reinstall torch")
        return
    yield Finding("torch", "good", f"{torch.__version__}, {torch.get_num_threads()} threads")


def _devices() -> Iterator[Finding]:
    try:
        import torch
    except Exception:  # told already
        return
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            one = torch.cuda.get_device_properties(number)
            yield Finding("GPU", "good", f"cuda:{number} {one.name}, {one.total_memory / 2**30:.0f} GiB")
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "good", "mps, Apple's")
    elif torch.version.cuda is None:
        yield Finding("GPU", "note", "none that this torch knows of: it is a build for the CPU")
    else:
        told = f"none: torch is built for CUDA {torch.version.cuda} and finds no device"
        yield Finding("GPU", "note", told, "nvidia-smi    # says whether the driver sees one")


def _native() -> Iterator[Finding]:
    try:
        from rnnbench.cells import LSTM, Elman
        from rnnbench.engine.auto import fastest_engine
        from rnnbench.engine.fused import build
    except Exception:  # without torch
        return
    reason = build.missing_compiler()
    if reason is not None:
        yield Finding("compiler", "note", reason, _get_compiler())
    else:
        command, told = build._compiler(os.environ.get("CXX"))
        yield Finding("compiler", "good", f"{shutil.which(command[0])}: {told.splitlines()[0]}")
        try:
            build.load('extern "C" int rnnbench_doctor() { return 7; }')
            yield Finding("native code", "good", "is built and runs")
        except build.BuildError as error:
            yield Finding("native code", "note", str(error), "CXX=clang++ rnnbench doctor    # another compiler")
    for cell in (LSTM(2, 2), Elman(2, 2)):
        engine, refusals = fastest_engine(cell)
        yield Finding("engine", "good", f"{type(cell).__name__} runs on {engine.name} on the CPU{refusals}")


def _cache() -> Iterator[Finding]:
    from rnnbench.folders import cache_folder

    folder = cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        told = f"{folder} cannot be written ({error.strerror}): data are fetched, and native code is built, every time"
        yield Finding("cache", "note", told, "export RNNBENCH_CACHE=FOLDER    # one that you can write to")
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(there).free
    yield Finding("cache", "good", f"{folder}: {size / 1e6:,.1f} MB, {free / 1e9:,.1f} GB free")


def _extras() -> Iterator[Finding]:
    extras: dict[str, list[str]] = {}
    for name, extra in _required():
        if extra is not None and extra not in _DEVELOPMENT:
            extras.setdefault(extra, []).append(name)
    complete = [extra for extra, names in extras.items() if all(map(_version, names))]
    if complete:
        yield Finding("extras", "good", ", ".join(sorted(complete)))
    for extra, names in sorted(extras.items()):
        missing = [name for name in names if not _version(name)]
        if missing:
            yield Finding("extras", "note", f"{extra}: {', '.join(missing)}", f"pip install 'rnnbench[{extra}]'")


def _network() -> Iterator[Finding]:
    from rnnbench.data.fetched.index import reachable

    told = reachable()
    if told is None:
        yield Finding("index", "good", "the package index answers")
    else:
        mend = "pip config list    # where it is looked for; presets that need none: rnnbench list presets"
        yield Finding("index", "note", told, mend)


def _required() -> list[tuple[str, str | None]]:
    """The packages that this one names for this system, each with the extra that it belongs to."""
    try:
        named = requires("rnnbench") or []
    except PackageNotFoundError:  # run from its folder, never installed
        return []
    found = []
    for text in named:
        if "win32" in text and sys.platform != "win32" and "extra" not in text:
            continue
        match, extra = _REQUIREMENT.match(text), _EXTRA.search(text)
        if match is not None and match["name"] != "rnnbench":
            found.append((match["name"], extra["extra"] if extra else None))
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _get_compiler() -> str | None:
    """How this system gets a C++ compiler."""
    if sys.platform == "win32":
        return None
    if sys.platform == "darwin":
        return "xcode-select --install"
    managers = {"apt-get": "g++", "dnf": "gcc-c++", "pacman": "gcc", "zypper": "gcc-c++", "apk": "g++"}
    verbs = {"pacman": "-S", "apk": "add"}
    name = next((one for one in managers if shutil.which(one)), "apt-get")
    return f"{name} {verbs.get(name, 'install')} {managers[name]}    # as administrator"
