"""Functions in a process of their own: pinned to so many cores before anything counts them, and able to crash alone."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from rnnbench.errors import UserError
from rnnbench.machine import pin_to_cores

P = ParamSpec("P")
R = TypeVar("R")


class Failed(Exception):
    """The process broke down; says why in one line."""


def run_fresh(
    threads: int, environment: Mapping[str, str], function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Calls a function of a module in a new process.

    Args:
        threads: Number of cores that the process may use, and of OpenMP's threads. Cores and not an option of each
            library, because JAX heeds nothing else.
        environment: Variables to set beside those of this process.
        function: What to call; it and its arguments are pickled.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Raises:
        Failed: The process ended without a result.
    """
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), **environment}
    command = [sys.executable, "-m", "rnnbench.bench.fresh", str(threads)]
    call = pickle.dumps((function, args, kwargs))
    done = subprocess.run(command, input=call, capture_output=True, env=variables, check=False)
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines and done.returncode > 0 else f"signal {-done.returncode}"
        raise Failed(f"{getattr(function, '__name__', function)}: {reason}")
    return pickle.loads(done.stdout)


def _main() -> None:
    pin_to_cores(int(sys.argv[1]))
    # Whatever prints must not get into the result.
    results = os.dup(1)
    os.dup2(2, 1)
    function, args, kwargs = pickle.load(sys.stdin.buffer)
    try:
        found = function(*args, **kwargs)
    except UserError as error:
        # The caller reads the last line: all of it in one.
        sys.exit("; ".join(str(error).splitlines()))
    with os.fdopen(results, "wb") as file:
        pickle.dump(found, file)


if __name__ == "__main__":
    _main()
