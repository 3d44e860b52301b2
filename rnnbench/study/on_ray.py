"""Runs on a cluster, by Ray; its machines share the folder of the study.

``RAY_ADDRESS`` names a cluster; without it Ray starts one on this machine.
"""

from __future__ import annotations

import os
import queue
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from rnnbench.errors import UserError
from rnnbench.study.launch import Event, Outcome, Perform, log_of, work
from rnnbench.study.plan import Run

_MACHINES = 3
"""So many machines may die under a run before it counts as failed: it may be what kills them."""


class OnRay:
    """Runs as Ray's tasks, of one core each, or one GPU where the cluster has any.

    A run whose machine dies goes on from its last checkpoint on another one.

    Args:
        perform: Does a run.
        folder: The study's folder.
        workers: Number of runs at a time; None for what the cluster has.
    """

    def __init__(self, perform: Perform, folder: Path, workers: int | None = None) -> None:
        try:
            import ray
        except ImportError:
            hint = "pip install 'rnnbench[ray]'"
            raise UserError("Ray is not installed", where="--launcher ray", hint=hint) from None
        if not ray.is_initialized():
            # Not what Ray finds without an address: another's cluster, or one that is gone, which it waits for.
            address = os.environ.get("RAY_ADDRESS", "local")
            ray.init(address, log_to_driver=False, configure_logging=False, include_dashboard=False)
        resources = ray.cluster_resources()
        self._gpu = resources.get("GPU", 0) > 0
        self.workers = workers or int(resources.get("GPU" if self._gpu else "CPU", 1))
        self._perform = perform
        self._folder = folder

    def launch(self, runs: Sequence[Run]) -> Generator[Event, None, None]:
        """See `Launcher.launch`."""
        import ray
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        # On this machine: another one may die, and what runs elsewhere goes on.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        said = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        task = ray.remote(num_cpus=1, num_gpus=int(self._gpu), max_retries=0)(_work_there)
        waiting, running = list(reversed(runs)), dict[Any, Run]()
        by_id = {run.id: run for run in runs}
        lost = Counter[str]()
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    run = waiting.pop()
                    log = log_of(run, self._folder).resolve()
                    running[task.remote(self._perform, run, log, str(Path.cwd()), said)] = run
                ended, _ = ray.wait(list(running), timeout=1.0)
                yield from _heard(said, by_id)
                for one in ended:
                    run, outcome = running.pop(one), _result(ray, one)
                    lost[run.id] += outcome is None
                    if outcome is not None:
                        yield Event(run, "ended", outcome=outcome)
                    elif lost[run.id] < _MACHINES:
                        waiting.append(run)
                    else:
                        yield Event(run, "ended", outcome=Outcome("failed", f"{_MACHINES} machines died under it"))
        finally:
            for one in running:
                ray.cancel(one)
            if running:
                ray.wait(list(running), num_returns=len(running), timeout=60)
            said.shutdown()


def _work_there(perform: Perform, run: Run, log: Path, folder: str, said: Any) -> Outcome:
    """What another machine does."""
    os.chdir(folder)
    said.put((run.id, None))
    return work(perform, run, log, lambda fraction: said.put((run.id, fraction)))


def _heard(said: Any, runs: dict[str, Run]) -> Iterator[Event]:
    while True:
        try:
            run, fraction = said.get_nowait()
        except queue.Empty:
            return
        yield Event(runs[run], "started") if fraction is None else Event(runs[run], "progress", fraction)


def _result(ray: Any, one: Any) -> Outcome | None:
    """What came of a task; None where its machine died."""
    try:
        return ray.get(one)
    except ray.exceptions.NodeDiedError:
        return None
    except ray.exceptions.RayError as error:
        return Outcome("failed", f"its process died: {str(error).splitlines()[0]}")
