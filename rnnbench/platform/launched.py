"""How this process was launched, before there is a trainer that knows: by hand, by torchrun, by SLURM."""

from __future__ import annotations

import os
import subprocess
import sys

# Each is 0 on the first process, whichever of them its launcher sets: NODE_RANK alone where every machine is started by
# hand and Lightning makes the other processes, with a LOCAL_RANK; all of them by torchrun; SLURM_PROCID by srun.
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")


def is_first_process() -> bool:
    """Whether this is the one process, of all machines, that makes the run folder and speaks."""
    return all(_number(name) == 0 for name in _RANKS)


def slurm_job() -> str | None:
    """Number of the SLURM job that this is a part of; an element of an array has the array's with its own."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    if array:
        return f"{array}_{os.environ.get('SLURM_ARRAY_TASK_ID', '0')}"
    return os.environ.get("SLURM_JOB_ID") or None


def slurm_restarts() -> int:
    """How often SLURM has started this job again."""
    return _number("SLURM_RESTART_COUNT") if slurm_job() else 0


def requeue_slurm_job() -> None:
    """Asks SLURM to start this job again from its beginning."""
    try:
        subprocess.run(["scontrol", "requeue", str(slurm_job())], check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"SLURM did not take the job back: {error}; go on with --resume", file=sys.stderr, flush=True)


def _number(name: str) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdigit() else 0
