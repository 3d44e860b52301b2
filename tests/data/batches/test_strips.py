"""The order of data behind truncated backpropagation, and exact evaluation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.batches.strips import EvaluationLoader, Strips, TrainingLoader
from rnnbench.errors import UserError

FIRST = 999


def targets(batches):
    return [int(y) for batch in batches for y in batch.y.flatten() if y != IGNORED]


@given(
    tokens=st.integers(1, 60), strips=st.integers(1, 7), window=st.integers(1, 9), group=st.integers(1, 4),
    processes=st.integers(1, 4),
)  # fmt: skip
def test_every_token_is_evaluated_once_on_any_number_of_processes(tokens, strips, window, group, processes):
    strips = min(strips, tokens)
    cut = Strips(np.arange(tokens), first=FIRST, strips=strips, window=window, even=False)
    loaders = [EvaluationLoader(cut, strips, group, rank, processes) for rank in range(processes)]
    batches = [list(loader) for loader in loaders]
    assert {len(one) for one in batches} == {len(loaders[0])}, "all processes take the same number of steps"
    dealt = [batch for one in batches for batch in one]
    assert sorted(targets(dealt)) == list(range(tokens))
    assert sum(batch.tokens for batch in dealt) == tokens
    indices = [int(batch.place) for batch in dealt if batch.place >= 0]
    assert len(indices) == len(set(indices))
    alone = {int(batch.place): batch for batch in EvaluationLoader(cut, strips, group)}
    for batch in dealt:
        if batch.place >= 0:
            assert torch.equal(batch.y, alone[int(batch.place)].y), "batches are the same on any number of processes"


@given(tokens=st.integers(1, 60), strips=st.integers(1, 7), window=st.integers(1, 9))
def test_windows_go_on_where_the_one_before_ended(tokens, strips, window):
    strips = min(strips, tokens)
    cut = Strips(np.arange(tokens), first=FIRST, strips=strips, window=window, even=True)
    batches = list(TrainingLoader(cut, slice(0, strips)))
    x, y = torch.cat([b.x for b in batches], 1), torch.cat([b.y for b in batches], 1)
    assert y.tolist() == torch.arange(tokens // strips * strips).view(strips, -1).tolist()
    assert x[0, 0] == FIRST
    assert torch.equal(x[:, 1:], y[:, :-1]), "the input is the token before the target"
    assert x[1:, 0].tolist() == y[:-1, -1].tolist(), "a strip starts after the last token of the one before"
    assert [bool(b.starts.all()) for b in batches] == [True] + [False] * (len(batches) - 1)


def test_training_goes_on_where_the_trainer_counts():
    cut = Strips(np.arange(12), first=FIRST, strips=2, window=2, even=True)
    done = 2
    loader = TrainingLoader(cut, slice(0, 2), position=lambda: done)
    assert len(loader) == 3
    assert [int(b.place) for b in loader] == [2]
    done = 0
    assert [int(b.place) for b in loader] == [0, 1, 2]


def test_processes_share_the_strips():
    cut = Strips(np.arange(12), first=FIRST, strips=4, window=3, even=True)
    seen = targets([*TrainingLoader(cut, slice(0, 2)), *TrainingLoader(cut, slice(2, 4))])
    assert sorted(seen) == list(range(12))


def test_too_little_text():
    with pytest.raises(UserError, match="3 tokens do not fill 4 strips"):
        Strips(np.arange(3), first=FIRST, strips=4, window=2, even=True)
