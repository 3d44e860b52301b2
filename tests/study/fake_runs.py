"""Runs that only write what runs leave behind: found by name in the processes of a launcher, and no torch in them."""

import json
import os
import shlex
import time
from pathlib import Path

from rnnbench.results.record import Data, Metric, Result, Training, write_result
from rnnbench.study.launch import Outcome
from rnnbench.study.state import clean, still_to_do

STEPS = 4


def perform(run, report):
    """Trains for a few steps, each noted in the run's folder, from where it was stopped."""
    if os.environ.get("FAKE_SLOW"):
        time.sleep(0.05)
    for words in still_to_do(run):
        outcome = _fit(run, report) if words[0] == "fit" else _write(run, "finished", tested=True)
        if outcome is not None:
            return outcome
    clean(run)
    return Outcome("done")


def look_at(run, report):
    """Finds one option that there is not."""
    for word in run.words:
        if word.startswith("--no.such.option"):
            return Outcome("failed", "there is no such option", "--no.such.option")
    return Outcome("done", parameters=1000, hidden_size=len(run.words) if run.spend else 0)


def _fit(run, report):
    if "--seed_everything=13" in run.words:
        return Outcome("failed", "seed 13 brings bad luck")
    if "--seed_everything=14" in run.words:
        os._exit(3)
    if "--seed_everything=15" in run.words:
        return Outcome("interrupted")
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "config.yaml").touch()
    _write(run, "running")
    checkpoints = run.folder / "checkpoints"
    checkpoints.mkdir(exist_ok=True)
    steps = run.folder / "steps"
    done = len(steps.read_text().split()) if steps.is_file() else 0
    for step in range(done, STEPS):
        if os.environ.get("FAKE_SLOW"):
            time.sleep(0.05)
        with steps.open("a") as file:
            file.write(f"{step} ")
        report((step + 1) / STEPS)
    print(f"trained {run.name}")
    for name in ("best.ckpt", "last.ckpt"):
        (checkpoints / name).touch()
    _write(run, "finished")
    return None


def options(run):
    """The options of a run, by name."""
    pairs = (word.removeprefix("--").partition("=") for word in run.words)
    return {name: value for name, _, value in pairs}


def _write(run, status, tested=False):
    found = options(run)
    rate, seed = float(found.get("model.optimizer.lr", 0.01)), int(found["seed_everything"])
    # The best rate is 0.004, of those that are tried.
    value = 1.0 + abs(rate - 0.004) + seed / 1e6
    metrics = {"validation": {"perplexity": Metric(value=value, signature="perplexity|tokens:9")}}
    if tested:
        metrics["test"] = {"perplexity": Metric(value=value + 1, signature="perplexity|tokens:9")}
    write_result(
        Path(run.folder) / "result.json",
        Result(
            application=run.application,
            model=found.get("model.backbone.cell", "baseline"),
            cell="Cell",
            baseline="model.backbone.cell" not in found,
            preset=found["config"],
            run=run.name,
            status=status,
            message=None,
            data=Data(dataset=run.application, fingerprint="aaaa", details={}),
            metrics=metrics if status == "finished" else {},
            parameters=1000,
            training=Training(
                epochs=1.0,
                steps=STEPS,
                tokens=9,
                flops=9.0,
                tokens_per_second=9.0,
                wall_seconds=1.0,
                cpu_seconds=1.0,
                peak_memory_bytes=9,
            ),
            selection="min validation/perplexity",
            budget="epochs:1",
            settings=json.dumps({**found, "seed_everything": ""}, sort_keys=True),
            seed=seed,
            versions={},
            hardware={},
            processes=1,
            git_commit="0123abc",
            command=shlex.join(["rnnbench", *run.fit]),
            started="2026-01-01T00:00:00+00:00",
            finished=None,
        ),
    )
