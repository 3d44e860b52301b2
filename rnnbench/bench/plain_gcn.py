"""A graph convolutional network as torch_geometric's example trains it: what an epoch of ours is timed against.

``python -m rnnbench.bench.plain_gcn cora.npz`` prints how much longer an epoch of it takes than one of
``graphs/cora_gcn``, in turns: within one training, an epoch of ours with all that a run keeps, then one of the plain
loop.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import tempfile
import time
from typing import Any

import torch
import torch.nn.functional as F
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor, nn

from rnnbench.cli.training import run_verb
from rnnbench.machine import pin_to_cores
from rnnbench.tasks.graphs.layers.pyg import layers_of_library

_WARM_UP = 10
"""Epochs at the beginning that count for nothing."""


class PlainGCN(nn.Module):
    """Two layers of 16 units over dense features, and a plain training loop around them.

    Args:
        batch: The graph with the nodes of training, see `rnnbench.data.graphs.batch.GraphBatch`.
        asked: The nodes of validation.
        classes: Number of classes.
    """

    def __init__(self, batch: Any, asked: Tensor, classes: int) -> None:
        super().__init__()
        layer = layers_of_library("GCN").GCNConv
        self.first, self.second = layer(batch.x.shape[1], 16), layer(16, classes)
        self.x, self.edges, self.y = batch.x.to_dense(), batch.edges, batch.y
        self.trained, self.asked = batch.about[:, 0], asked
        groups = [{"params": self.first.parameters(), "weight_decay": 5e-4}, {"params": self.second.parameters()}]
        self.optimizer = torch.optim.Adam(groups, lr=0.01)

    def forward(self) -> Tensor:
        """Scores of all nodes ``(N, C)``."""
        hidden = torch.relu(self.first(F.dropout(self.x, 0.5, self.training), self.edges))
        return self.second(F.dropout(hidden, 0.5, self.training), self.edges)

    def train_epoch(self) -> None:
        """A step over the whole graph."""
        self.train()
        self.optimizer.zero_grad()
        F.cross_entropy(self()[self.trained], self.y).backward()
        self.optimizer.step()

    @torch.no_grad()
    def validate(self) -> None:
        """The answers to the nodes of validation."""
        self.eval()
        self()[self.asked].argmax(1)


class _Turns(Callback):
    """Times each epoch of a training, and after it one of the plain loop."""

    def __init__(self, validated: bool) -> None:
        self.validated = validated
        self.ours: list[float] = []
        self.plain: list[float] = []
        self._began = 0.0
        self._loop: PlainGCN | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Makes the plain network of the same data."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        asked = data.splits["validation"]([0], 0).about[:, 0]
        with torch.random.fork_rng():
            self._loop = PlainGCN(data.splits["train"]([0], 0), asked, len(data.spec["classes"]))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The epoch before is over with all that belongs to it."""
        now = time.perf_counter()
        if trainer.current_epoch > _WARM_UP:
            self.ours.append(now - self._began)
            self.plain.append(self._plain_epoch())
        self._began = time.perf_counter()

    def _plain_epoch(self) -> float:
        assert self._loop is not None
        with torch.random.fork_rng(), torch.enable_grad():
            start = time.perf_counter()
            self._loop.train_epoch()
            if self.validated:
                self._loop.validate()
            return time.perf_counter() - start


def main() -> None:
    """Prints a line with validation after each epoch, and one without."""
    parser = argparse.ArgumentParser(description="Time an epoch of a plain GCN against one of ours, in turns.")
    parser.add_argument("path", help="cora.npz")
    parser.add_argument("--epochs", type=int, default=60, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()
    pin_to_cores(1)
    torch.set_num_threads(1)
    for validated in (True, False):
        turns = _Turns(validated)
        words = ["fit", "--config=graphs/cora_gcn", f"--data.source.path={arguments.path}"]
        words += [f"--trainer.max_epochs={arguments.epochs + _WARM_UP}", "--trainer.logger=false", "--name=timed"]
        words += [] if validated else ["--trainer.limit_val_batches=0"]
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            run_verb([*words, f"--runs={folder}"], [turns])
        found = statistics.median(a / b for a, b in zip(turns.plain, turns.ours, strict=True))
        ours, plain = (1000 * statistics.median(times) for times in (turns.ours, turns.plain))
        what = "with validation and all records" if validated else "training alone"
        print(f"an epoch, {what}: plain / ours = {found:.2f} (medians {plain:.1f} ms and {ours:.1f} ms)")


if __name__ == "__main__":
    main()
