"""What processes exchange lies on their device: a process group of GPUs has no other.

The device is torch's ``meta``; a group that finds a tensor elsewhere says what NCCL's says.
"""

from types import SimpleNamespace

import pytest
import torch

from rnnbench.platform.accounting import Accounting
from rnnbench.platform.checkpoint import RunCheckpoint
from rnnbench.platform.processes import gather
from rnnbench.platform.random_state import RandomState
from rnnbench.tasks.base import ItemTexts, ItemValues, Task
from rnnbench.tasks.base.step_mean import StepMean

ROOT = torch.device("meta")


class Reached(Exception):
    """The group took the tensor."""


def refuse(tensor):
    if tensor.device != ROOT:
        raise RuntimeError(f"No backend type associated with device type {tensor.device.type}")


class Strategy:
    root_device = ROOT

    def all_gather(self, tensor):
        refuse(tensor)
        return torch.zeros(2, *tensor.shape, dtype=tensor.dtype)

    def reduce(self, tensor, reduce_op):
        refuse(tensor)
        raise Reached


@pytest.fixture
def trainer():
    return SimpleNamespace(world_size=2, global_rank=0, strategy=Strategy(), global_step=0)


def test_what_is_gathered(trainer):
    assert gather(trainer, torch.arange(3)).tolist() == [[0, 0, 0]] * 2


def test_random_state_of_a_checkpoint(trainer):
    RandomState().on_save_checkpoint(trainer, None, checkpoint := {})
    assert all(value.shape[0] == 2 and value.device.type == "cpu" for value in checkpoint["random_state"].values())


def test_metrics_of_a_split():
    logged = {}

    def log(name, value, prog_bar, reduce_fx, sync_dist, batch_size):
        logged[name] = value
        assert (reduce_fx, sync_dist) == ("max", True), "of equal values the greatest is each, to the last digit"

    Task.log_values(SimpleNamespace(device=ROOT, log=log), "validation", {"bleu": 0.1}, ())
    refuse(logged["validation/bleu"])
    assert logged["validation/bleu"].dtype == torch.float64


@pytest.mark.parametrize("units", [7, torch.tensor(7, device=ROOT)])
def test_units_of_a_step(monkeypatch, units):
    monkeypatch.setattr(torch.distributed, "all_reduce", refuse)
    mean = torch.ones((), device=ROOT)
    found = StepMean().weigh(mean, units, mean, processes=2)
    assert found.loss.device == ROOT


def test_tokens_that_were_trained(trainer):
    accounting = Accounting()
    accounting._trainer = trainer
    with pytest.raises(Reached):
        accounting._gather()


def test_whether_to_save(trainer, monkeypatch):
    def broadcast(tensor, src):
        refuse(tensor)
        raise Reached

    monkeypatch.setattr(torch.distributed, "broadcast", broadcast)
    with pytest.raises(Reached):
        RunCheckpoint()._decide(trainer, 0)


@pytest.mark.parametrize("metric", [ItemValues, ItemTexts])
def test_items_that_were_counted_on_the_cpu(metric):
    kept = metric().to(ROOT)
    kept.update(torch.tensor([0, 1]), torch.zeros(2, 3), *([["a", "b"]] if metric is ItemTexts else []))
    for name in kept._defaults:
        for part in getattr(kept, name):
            refuse(part)
