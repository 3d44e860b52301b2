"""Nothing asks for what only one operating system has, but `rnnbench.machine`; and without it everything still runs."""

import ast
import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

import rnnbench
from rnnbench import machine

ROOT = Path(rnnbench.__file__).parent
# What Python has on Linux and macOS and not on Windows.
MODULES = {"crypt", "curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NAMES = {
    *("chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups"),
    *("getloadavg", "getpgid", "getpgrp", "getsid", "getuid", "initgroups", "killpg", "mkfifo", "mknod", "nice"),
    *("openpty", "pathconf", "pread", "preadv", "pwrite", "pwritev", "register_at_fork", "sched_getaffinity"),
    *("sched_setaffinity", "sched_yield", "sendfile", "setgid", "setpgid", "setsid", "setuid", "statvfs", "sync"),
    *("sysconf", "tcgetpgrp", "tcsetpgrp", "uname", "wait", "wait3", "wait4", "O_DIRECTORY", "O_NONBLOCK"),
    *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1"),
    *("SIGUSR2", "alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigwait"),
}


def test_only_one_module_knows_the_operating_system():
    paths = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "machine.py"]
    assert {str(path.relative_to(ROOT)): found for path in paths if (found := posix_only(path))} == {}
    assert {"fcntl", "resource", "setsid", "getuid"} <= posix_only(ROOT / "machine.py")


def posix_only(path):
    """What a module imports or names that Windows lacks."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= MODULES & {(node.module or "").partition(".")[0]}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("os", "signal"):
            found |= NAMES & {node.attr}
    return found


@pytest.fixture
def bare(monkeypatch):
    """The module as it is where Python has none of this."""
    pytest.importorskip("psutil")
    for name in ("fcntl", "resource"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in NAMES & set(dir(os)):
        monkeypatch.delattr(os, name)
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    # A copy: others hold functions of the module itself.
    spec = importlib.util.spec_from_file_location("bare_machine", machine.__file__)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", ()), reason="memory of glibc")
def test_freed_memory_is_used_again():
    program = """
import resource
import numpy
from rnnbench.machine import keep_freed_memory
def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        numpy.ones(2**21)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
fetched = pages()
keep_freed_memory()
pages()
print(fetched, pages())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    returned, kept = map(int, done.stdout.split())
    assert kept < returned / 10


def test_a_machine_without_posix_answers_all_the_same(bare, tmp_path):
    assert bare.cores() == os.cpu_count()
    assert bare.load_average() is None
    assert bare.total_memory() > 2**28
    assert 2**20 < bare.peak_memory() < bare.total_memory()
    assert bare.seconds_of_children() == 0.0
    assert bare.is_private(tmp_path)
    assert bare.copy_for_process(1) is None
    assert bare.process_context().get_start_method() == "spawn"
    bare.after_fork(lambda: pytest.fail("nothing is forked"))
    bare.pin_to_cores(1)


_LAMED = """
import multiprocessing, os, subprocess, sys, types
import portalocker, psutil  # on this system they need themselves what is hidden here
for name in ("fcntl", "resource"):
    sys.modules[name] = None
# Others stay: libraries, which take this for the Linux that it is, call them.
for name in ("getloadavg", "sched_getaffinity", "sched_setaffinity", "setsid"):
    delattr(os, name)
sys.modules["msvcrt"] = types.SimpleNamespace(locking=lambda *_: None, LK_NBLCK=2)
multiprocessing.get_all_start_methods = lambda: ["spawn"]

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    from rnnbench.cli import main

    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def lamed(tmp_path):
    """Runs a verb in a process that has nothing that only Linux and macOS have, and starts others by spawn."""
    pytest.importorskip("psutil")
    script = tmp_path / "lamed.py"
    script.write_text(_LAMED, encoding="utf-8")

    def run(*words):
        paths = os.pathsep.join([str(ROOT.parent), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, str(script), *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def _tiny(application):
    from rnnbench.applications import load_application

    card = load_application(application).card
    return ["--config", card.quick, *card.tiny, "--trainer.accelerator", "cpu", "--trainer.max_epochs", "1"]


@pytest.mark.slow
@pytest.mark.parametrize("application", sorted(path.parent.name for path in (ROOT / "tasks").glob("*/card.yaml")))
def test_every_application_trains_with_workers_by_spawn(lamed, tmp_path, application):
    workers = [] if application == "text_generation" else ["--data.num_workers", "1"]
    lamed("fit", *_tiny(application), *workers, "--name", "bare")
    lamed("test", "--run", f"runs/{application}/bare")
    lamed("fit", *_tiny(application), "--name", "plain")
    plain, bare = (tmp_path / "runs" / application / name / "result.json" for name in ("plain", "bare"))
    assert _validation(bare) == _validation(plain)


def _validation(path):
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]["validation"]


@pytest.mark.slow
def test_a_study_runs_by_spawn(lamed, tmp_path):
    options = "".join(f"      {key}: {value}\n" for key, value in _options("sentiment"))
    head = "seeds: [1, 2]\nbudget: {parameters: 5000}\ncells: [cells/gru]\n"
    study = f"{head}applications:\n  sentiment/builtin:\n    options:\n{options}"
    (tmp_path / "small.yaml").write_text(study, encoding="utf-8")
    assert "2 done" in lamed("study", "small.yaml", "--workers", "2")


def _options(application):
    from rnnbench.applications import load_application

    tiny = [word for word in load_application(application).card.tiny if "hidden_size" not in word]  # the budget says it
    return [*(word.removeprefix("--").split("=", 1) for word in tiny), ("trainer.max_epochs", 1)]
