"""What 8-bit integers cost and gain: graphs of trained runs with and without them, on the test split.

``python -m rnnbench.bench.quantized RUN [RUN ...]`` exports classifiers of texts and language models, measures each
form on the test split, text by text and token by token, and prints a row for each run; times are taken in turns.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import torch

from rnnbench.backbone.state import leaves
from rnnbench.cli.quiet import quiet
from rnnbench.cli.run_options import read_options
from rnnbench.cli.trained import load_model
from rnnbench.cli.training import import_all
from rnnbench.cli.untrained import Untrained
from rnnbench.export.quantize import SUFFIX, quantize
from rnnbench.export.write import SUFFIXES, export
from rnnbench.machine import pin_to_cores
from rnnbench.platform.run_folder import RunFolder
from rnnbench.tasks.sentiment.export import graph as graph_of_classes
from rnnbench.tasks.text_generation.export import graph as graph_of_tokens

_MOST = 20_000
"""Steps of a language model that are measured."""
_TURNS = 5


class Row(NamedTuple):
    """A run in both forms."""

    run: str
    metric: str
    before: float
    after: float
    share: float
    """Size with integers over size without."""
    time: float
    """Median time with integers over the time without."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m rnnbench.bench.quantized")
    parser.add_argument("runs", metavar="RUN", nargs="+")
    arguments = parser.parse_args()
    quiet()
    pin_to_cores(1)
    print("| run | measure | float32 | int8 | size | time |\n|---|---|---|---|---|---|")
    for run in arguments.runs:
        one = measure(Path(run))
        print(
            f"| {one.run} | {one.metric} | {one.before:.4f} | {one.after:.4f} | {one.share:.2f} | {one.time:.2f} |",
            flush=True,
        )


def measure(run: Path) -> Row:
    """One run in both forms.

    Args:
        run: Its folder.
    """
    folder = RunFolder.open(run, "RUN")
    model = load_model([folder], None).eval()
    kind: dict[str, tuple[Any, Any]] = {
        "sentiment": (graph_of_classes, _classes),
        "text_generation": (graph_of_tokens, _tokens),
    }
    make, judge = kind[model.application]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import_all()
        data = Untrained(read_options("fit", [f"--config={folder.config}"])).datamodule
        data.setup("test")
    with tempfile.TemporaryDirectory() as name:
        graph = make(model)
        export(graph, "onnx", Path(name))
        share = quantize(graph, Path(name)).share
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        files = [Path(name) / f"{graph.name}{suffix}" for suffix in (SUFFIXES["onnx"], SUFFIX)]
        sessions = [onnxruntime.InferenceSession(file, options) for file in files]
    values, ratios = [0.0, 0.0], []
    for _ in range(_TURNS):
        seconds = []
        for place, session in enumerate(sessions):
            start = time.perf_counter()
            metric, values[place] = judge(model, data, session)
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[1] / seconds[0])
    return Row(f"{run.parent.name}/{run.name}", metric, values[0], values[1], share, statistics.median(ratios))


def _classes(model: Any, data: Any, session: Any) -> tuple[str, float]:
    """The share of texts that are given their class."""
    texts = data.splits["test"]
    right = 0
    for tokens, wanted in zip(texts.tokens, texts.classes.tolist(), strict=True):
        feed = {"ids": tokens[None].numpy(), "lengths": np.array([len(tokens)])}
        (probabilities,) = session.run(["probabilities"], feed)
        right += int(probabilities.argmax()) == wanted
    return "accuracy", right / len(texts.tokens)


def _tokens(model: Any, data: Any, session: Any) -> tuple[str, float]:
    """Nats a token at the beginning of the test split."""
    tokens = np.asarray(data.streams["test"].tokens[: _MOST + 1], dtype=np.int64)
    state = {f"state_{number}": leaf.numpy() for number, leaf in enumerate(leaves(model.initial_state(1)))}
    nats = 0.0
    for token, following in itertools.pairwise(tokens):
        scores, *after = session.run(None, {"token": np.array([token]), **state})
        nats -= float(scores[0, following])
        state = dict(zip(state, after, strict=True))
    return "nats a token", nats / (len(tokens) - 1)


if __name__ == "__main__":
    with torch.no_grad():
        main()
