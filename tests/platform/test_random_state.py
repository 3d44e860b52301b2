"""Random number generators in a checkpoint: any process's own, what a step draws, any number of processes."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnnbench.platform.random_state import RandomState, as_tensors, from_tensors, get_random_state, set_random_state


def draw():
    return torch.rand(3).tolist(), np.random.normal(), np.random.rand(), random.gauss(0, 1), random.random()


def trainer(rank=0, processes=1, step=0):
    return SimpleNamespace(global_rank=rank, world_size=processes, global_step=step)


@pytest.fixture(autouse=True)
def _put_back():
    before = get_random_state()
    yield
    set_random_state(before)


def test_a_snapshot_through_a_checkpoint_draws_the_same():
    draw()  # an odd number of normal values: each library keeps the second of a pair
    snapshot = get_random_state()
    wanted = draw()
    draw()
    set_random_state(from_tensors(as_tensors(snapshot)))
    assert draw() == wanted


def test_a_checkpoint_within_a_step_holds_the_state_before_it():
    callback = RandomState()
    callback.on_train_batch_start(trainer(), None, None, 0)
    before = torch.get_rng_state()
    torch.rand(3)
    callback.on_save_checkpoint(trainer(), None, within := {})
    assert torch.equal(within["random_state"]["torch"][0], before)
    callback.on_train_batch_end(trainer(), None, None, None, 0)
    callback.on_save_checkpoint(trainer(), None, after := {})
    assert torch.equal(after["random_state"]["torch"][0], torch.get_rng_state())


def test_a_run_goes_on_with_the_numbers_it_would_have_drawn():
    RandomState().on_save_checkpoint(trainer(), None, checkpoint := {})
    wanted = draw()
    callback = RandomState()
    callback.on_load_checkpoint(trainer(), None, checkpoint)
    callback.on_train_start(trainer(step=7), None)
    callback.on_save_checkpoint(trainer(), None, unchanged := {})
    assert all(torch.equal(unchanged["random_state"][name], value) for name, value in checkpoint["random_state"].items()
               if name != "python_gauss" and name != "numpy_gauss")  # fmt: skip
    callback.on_train_batch_start(trainer(), None, None, 0)
    assert draw() == wanted


def test_processes_draw_differently_and_differently_again_where_their_number_changed():
    drawn = []
    for rank, step in ((0, 0), (1, 0), (2, 0), (0, 7), (1, 7), (2, 7)):
        torch.manual_seed(3)
        callback = RandomState()
        callback.on_load_checkpoint(trainer(rank, 3), None, {"random_state": as_tensors(get_random_state())})
        callback.on_train_start(trainer(rank, 3, step), None)
        drawn.append(tuple(draw()[0]))
    assert len(set(drawn)) == 6
    torch.manual_seed(3)
    assert drawn[0] == tuple(draw()[0]), "one process draws what the seed says"


def test_a_step_looks_at_torch_alone(monkeypatch):
    def slow(*_):
        raise AssertionError("takes a hundred microseconds")

    callback = RandomState()
    monkeypatch.setattr(np.random, "get_state", slow)
    monkeypatch.setattr(random, "getstate", slow)
    callback.on_train_batch_start(trainer(), None, None, 0)
    callback.on_train_batch_end(trainer(), None, None, None, 0)
