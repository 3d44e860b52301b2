"""Sequences of different lengths in one array."""

import io
import multiprocessing.reduction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.batches.sequences import Sequences


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6))
def test_each_is_what_was_put_in(parts):
    made = Sequences([torch.tensor(part, dtype=torch.int64) for part in parts])
    assert [made[i].tolist() for i in range(len(made))] == parts
    assert made.lengths.tolist() == [len(part) for part in parts]
    with pytest.raises(IndexError):
        made[len(parts)]


def test_what_goes_to_another_process_does_not_grow_with_their_number():
    """Each tensor that is handed over takes a descriptor there, so that their number is what counts."""
    sent = []
    for size in (2, 5000):
        made = Sequences([torch.ones(3) for _ in range(size)])
        sink = io.BytesIO()
        multiprocessing.reduction.ForkingPickler(sink).dump(made)
        sent.append(len(sink.getvalue()))
    assert sent[1] < sent[0] + 100
