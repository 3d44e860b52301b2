"""Two processes that train one model on a core each, beside two trainings that know nothing of each other."""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from rnnbench.bench.fresh import Failed
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import read_result

_EVERY = 10
"""Steps between two rows of a run's metrics."""


class Steps(NamedTuple):
    """Seconds of a step, and what has to be summed up in it."""

    apart: float
    """Of two trainings at once, the mean."""
    together: float
    """Of two processes of one training (DistributedDataParallel on gloo), each on a batch as large."""
    gradient: int
    """Bytes of the gradients of all parameters."""

    @property
    def efficiency(self) -> float:
        """Steps of the pair over those of two that are alone."""
        return self.apart / self.together


def compare(words: Sequence[str], steps: int, rounds: int) -> Steps:
    """Trains a preset by ``rnnbench fit``, apart and together in turns.

    Args:
        words: A preset and options, as they stand behind ``rnnbench fit --config``.
        steps: How many steps a training has; a multiple of ten, above ten, of which the first ten do not count.
        rounds: How often; the round whose ratio is the median counts.
    """
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as place:
            alone = _train(Path(place), words, steps, [["--trainer.devices=1"]] * 2)
            (together,) = _train(Path(place), words, steps, [["--trainer.devices=2", "--trainer.strategy=ddp"]])
            parameters = read_result(together.result).parameters
            assert parameters is not None
            apart = statistics.fmean(_step_seconds(one) for one in alone)
            found.append(Steps(apart, _step_seconds(together), 4 * parameters))
    return sorted(found, key=lambda one: one.efficiency)[rounds // 2]


def all_reduce_seconds(sizes: Sequence[int], rounds: int) -> dict[int, float]:
    """Seconds in which two processes sum up so many bytes over gloo, the medians; to be called in a fresh process.

    Args:
        sizes: Bytes, multiples of four.
        rounds: How often each is summed up.
    """
    with tempfile.TemporaryDirectory() as place:
        spawn(_all_reduce, (place, sizes, rounds), nprocs=2)
        return torch.load(Path(place) / "seconds.pt", weights_only=True)


def _all_reduce(rank: int, place: str, sizes: Sequence[int], rounds: int) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{place}/meet", rank=rank, world_size=2)
    seconds = {}
    for size in sizes:
        gradient, times = torch.zeros(size // 4), []
        for _ in range(rounds + 1):
            dist.barrier()
            begun = time.perf_counter()
            dist.all_reduce(gradient)
            times.append(time.perf_counter() - begun)
        # The first one finds its memory.
        seconds[size] = statistics.median(times[1:])
    if rank == 0:
        torch.save(seconds, Path(place) / "seconds.pt")
    dist.destroy_process_group()


def _train(place: Path, words: Sequence[str], steps: int, runs: Sequence[Sequence[str]]) -> list[RunFolder]:
    """Trainings at once, each of its own options; their folders."""
    common = [f"--trainer.max_steps={steps}", f"--trainer.log_every_n_steps={_EVERY}", "--trainer.accelerator=cpu"]
    # Nothing but steps, and as many epochs as they take.
    common += ["--trainer.max_epochs=-1", "--trainer.check_val_every_n_epoch=1000000", f"--runs={place}"]
    command = [sys.executable, "-m", "rnnbench", "fit", "--config", *words, *common]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    before = set(place.glob("*/*"))
    started = [
        subprocess.Popen([*command, *run], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for run in runs
    ]
    said = [process.communicate()[0] for process in started]
    for process, text in zip(started, said, strict=True):
        if process.returncode:
            # Where, what, and what to do.
            raise Failed(f"rnnbench fit: {'; '.join(map(str.strip, text.splitlines()[-3:]))}")
    return [RunFolder(path) for path in set(place.glob("*/*")) - before if path.is_dir()]


def _step_seconds(run: RunFolder) -> float:
    """Seconds of a step of training, without the first ones."""
    with run.metrics.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first, last = rows[0], rows[-1]
    return (float(last["seconds"]) - float(first["seconds"])) / (int(last["step"]) - int(first["step"]))
