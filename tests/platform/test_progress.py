from types import SimpleNamespace

import pytest
import torch

from rnnbench.platform import progress
from rnnbench.platform.progress import EpochLines


@pytest.fixture
def trainer():
    done = SimpleNamespace(completed=0)
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=SimpleNamespace(total=done)))
    return SimpleNamespace(
        progress_bar_callback=None,
        current_epoch=2,
        num_training_batches=1000,
        max_epochs=3,
        max_steps=-1,
        accumulate_grad_batches=1,
        training=True,
        callback_metrics={"train/loss": torch.tensor(2.5), "train/tokens_per_second": torch.tensor(1234.0)},
        fit_loop=loop,
    )


def test_a_line_every_so_often_within_an_epoch(trainer, monkeypatch, capsys):
    """Somebody who reads a log file, or a terminal without a bar, sees that it goes on."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock.now)
    lines = EpochLines(every_seconds=30.0)
    lines.on_train_start(trainer, None)
    for batch in range(100):
        clock.now += 1.0
        trainer.fit_loop.epoch_loop.batch_progress.total.completed += 1
        lines.on_train_batch_end(trainer, None, None, None, batch)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3
    assert told[0] == "epoch 2  batch 30 of 1,000  loss 2.500  1,234 tokens/s  0:49:30 left"


def test_a_bar_says_it_already(trainer, capsys):
    trainer.progress_bar_callback = object()
    lines = EpochLines(every_seconds=0.0)
    lines.on_train_start(trainer, None)
    lines.on_train_batch_end(trainer, None, None, None, 0)
    assert capsys.readouterr().out == ""
