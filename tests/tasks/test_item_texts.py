"""Texts by sample: neither order nor batches nor processes may leave a trace."""

import pytest
import torch
import torch.distributed
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.tasks.base import ItemTexts

TEXTS = ["", "a dog", "ein Hündchen", "一只狗", "a\nb", " ", "𝄞"] * 3
VALUES = torch.rand(len(TEXTS), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def enter(metric, ids):
    metric.update(torch.tensor(ids), VALUES[ids], [TEXTS[i] for i in ids])


def check(metric):
    items = metric.compute()
    assert items.ids == list(range(len(TEXTS)))
    assert items.texts == TEXTS
    assert torch.equal(items.values, VALUES)


@given(order=st.permutations(range(len(TEXTS))), size=st.integers(1, 9))
def test_neither_order_nor_batches_change_anything(order, size):
    metric = ItemTexts()
    for start in range(0, len(order), size):
        enter(metric, order[start : start + size])
    check(metric)


def test_what_counts_for_nothing_is_left_out():
    metric = ItemTexts()
    metric.update(torch.tensor([-1, 1]), VALUES[:2], ["nothing", "ein"])
    metric.update(torch.tensor([0, -1]), VALUES[2:4], ["", "nichts"])
    items = metric.compute()
    assert (items.ids, items.texts) == ([0, 1], ["", "ein"])


def test_a_sample_entered_twice_is_an_error():
    metric = ItemTexts()
    enter(metric, [3, 3])
    with pytest.raises(RuntimeError, match="entered twice"):
        metric.compute()


def _one_of_two(rank, folder):
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    metric = ItemTexts()
    # The second process has fewer samples, and one that counts for nothing.
    for start in range(rank, len(TEXTS), 2):
        enter(metric, [start])
    if rank:
        metric.update(torch.tensor([-1]), VALUES[:1], ["filler"])
    check(metric)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_see_all_texts(tmp_path):
    torch.multiprocessing.spawn(_one_of_two, args=(str(tmp_path),), nprocs=2)
