"""Bucketed batches: what is in them, how they are dealt out, how much of them is padding."""

import re

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.batches.bucket import Budget, Part, TrainingBatches, evaluation_batches, padding_waste
from rnnbench.errors import UserError

LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=80)
PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=80)
BUDGETS = st.sampled_from([(60, None), (150, None), (None, 1), (None, 7), (None, 20), (90, 4), (400, 9)]).map(
    lambda limits: Budget(*limits)
)


def size(lengths, batch):
    lengths = np.asarray(lengths).reshape(len(lengths), -1)
    return len(batch) * max(int(lengths[batch].max(0).sum()), 1)


def within(budget, lengths, batch):
    return len(batch) <= (budget.batch_size or np.inf) and size(lengths, batch) <= (budget.max_tokens or np.inf)


@given(lengths=LENGTHS | PAIRS, budget=BUDGETS, seed=st.integers(0, 5), epoch=st.integers(0, 5))
def test_an_epoch_has_every_sample_once_within_the_budget(lengths, budget, seed, epoch):
    batches = TrainingBatches(lengths, budget, seed)
    found = batches.epoch(epoch)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    assert all(len(batch) > 0 and within(budget, lengths, batch) for batch in found)
    assert len(found) == len(batches), "every epoch has as many"


@given(lengths=LENGTHS | PAIRS, budget=BUDGETS)
def test_evaluation_has_every_sample_once_within_the_budget(lengths, budget):
    found = evaluation_batches(lengths, budget)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    assert all(len(batch) > 0 and within(budget, lengths, batch) for batch in found)


@given(lengths=LENGTHS | PAIRS, budget=BUDGETS)
def test_a_batch_ends_where_no_other_sample_fits(lengths, budget):
    """The definition: samples are taken one by one, and a batch begins with the first that does not fit."""
    order = np.concatenate(evaluation_batches(lengths, budget)).tolist()
    expected = [[order[0]]]
    for sample in order[1:]:
        grown = [*expected[-1], sample]
        if within(budget, lengths, np.array(grown)):
            expected[-1] = grown
        else:
            expected.append([sample])
    assert [batch.tolist() for batch in evaluation_batches(lengths, budget)] == expected


@given(lengths=LENGTHS, budget=BUDGETS, seed=st.integers(0, 5), epoch=st.integers(0, 5))
def test_batches_follow_from_lengths_seed_and_epoch(lengths, budget, seed, epoch):
    one, two = TrainingBatches(lengths, budget, seed), TrainingBatches(lengths, budget, seed)
    two.epoch(epoch + 1)  # what was asked before leaves no trace
    for a, b in zip(one.epoch(epoch), two.epoch(epoch), strict=True):
        assert a.tolist() == b.tolist()


@given(lengths=LENGTHS | PAIRS, budget=BUDGETS, epoch=st.integers(0, 3), data=st.data())
def test_parts_of_any_numbers_of_processes_make_a_whole_epoch(lengths, budget, epoch, data):
    batches = TrainingBatches(lengths, budget, seed=1)
    trained, before = [], []
    for _ in range(data.draw(st.integers(0, 3))):
        processes = data.draw(st.integers(1, 7))
        steps = batches.steps(epoch, processes, before)
        before.append(Part(processes, data.draw(st.integers(0, len(steps)))))
        trained += steps[: before[-1].steps]
    processes = data.draw(st.integers(1, 7))
    last = batches.steps(epoch, processes, before)
    assert all(1 <= len(step) <= processes for step in last)
    assert sum(len(step) < processes for step in last) <= 1
    found = [batch for step in trained + last for batch in step]
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    assert len(found) == len(batches)


def test_one_process_trains_in_the_order_of_the_seed():
    batches = TrainingBatches(np.arange(400) % 20 + 1, Budget(batch_size=8), seed=1)
    assert all(len(step) == 1 for step in batches.steps(0))
    assert [step[0].tolist() for step in batches.steps(0)] == [batch.tolist() for batch in batches.epoch(0)]


@pytest.mark.parametrize("processes", [2, 4, 8])
@pytest.mark.parametrize("budget", [Budget(max_tokens=4000), Budget(batch_size=16)])
def test_no_process_waits_for_longer_samples_of_another(processes, budget):
    lengths = np.random.default_rng(1).lognormal(3, 0.7, 100_000).astype(int) + 1
    batches = TrainingBatches(lengths, budget, seed=1)
    longest = [[int(lengths[batch].max()) for batch in step] for step in batches.steps(0, processes)]
    assert sum(map(max, longest)) / sum(np.mean(step) for step in longest) < 1.05
    order = [max(step) for step in longest]
    assert abs(np.corrcoef(order, range(len(order)))[0, 1]) < 0.2, "the steps themselves are shuffled"


@given(lengths=LENGTHS | PAIRS, budget=BUDGETS, seed=st.integers(0, 3))
def test_no_batch_is_larger_than_the_largest(lengths, budget, seed):
    batches = TrainingBatches(lengths, budget, seed)
    largest = batches.largest()
    assert len(set(largest.tolist())) == len(largest)
    assert within(budget, lengths, largest)
    if isinstance(lengths[0], int):
        sizes = [size(lengths, batch) for epoch in range(5) for batch in batches.epoch(epoch)]
        assert size(lengths, largest) >= max(sizes)


def test_batches_change_from_epoch_to_epoch_and_with_the_seed():
    lengths = np.arange(400) % 20 + 1
    batches = TrainingBatches(lengths, Budget(batch_size=8), seed=1)
    first, second = ({tuple(sorted(batch)) for batch in batches.epoch(epoch)} for epoch in (0, 1))
    other = {tuple(sorted(batch)) for batch in TrainingBatches(lengths, Budget(batch_size=8), seed=2).epoch(0)}
    assert len(first & second) < 5
    assert len(first & other) < 5


def test_batches_do_not_come_in_the_order_of_their_lengths():
    lengths = np.arange(400) % 20 + 1
    order = [int(lengths[batch].max()) for batch in TrainingBatches(lengths, Budget(batch_size=8), seed=1).epoch(0)]
    assert abs(np.corrcoef(order, range(len(order)))[0, 1]) < 0.5


def test_evaluation_starts_with_the_longest():
    found = evaluation_batches([2, 9, 5, 9, 1], Budget(max_tokens=18))
    assert [batch.tolist() for batch in found] == [[1, 3], [2, 0, 4]]


def test_in_evaluation_a_sample_over_the_budget_is_a_batch_of_its_own():
    found = evaluation_batches([3, 100_000, 8], Budget(max_tokens=20))
    assert [batch.tolist() for batch in found] == [[1], [2, 0]]


def test_waste_is_the_share_of_padding():
    assert padding_waste([1, 3, 2, 2], [np.array([0, 1]), np.array([2, 3])]) == pytest.approx(2 / 10)
    assert padding_waste([(1, 4), (3, 2)], [np.array([0, 1])]) == pytest.approx(4 / 14)


def test_what_makes_no_batch_is_an_error():
    with pytest.raises(UserError, match="a batch needs a limit"):
        Budget()
    with pytest.raises(UserError, match=r"data\.batch_size\nmust be at least 1, found 0"):
        Budget(batch_size=0)
    with pytest.raises(UserError, match="no sample"):
        TrainingBatches([], Budget(batch_size=2), seed=1)
    with pytest.raises(UserError, match="sample 1 has 30 tokens, and a batch may have 20") as caught:
        TrainingBatches([3, 30, 8], Budget(max_tokens=20), seed=1)
    assert "data.max_length" in caught.value.hint


def words(text):
    return len(text.split())


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "measure", "max_tokens"),
    [
        ("sentence_classification/sst2", lambda row: words(row["text"]), 4000),
        ("imdb", lambda row: min(400, len(re.findall(r"\w+|[^\w\s]", row["text"]))), 8000),
        ("multi30k/en-de", lambda row: words(row["translation"]["en"]), 8000),
        ("multi30k/en-de", lambda row: [words(row["translation"][language]) for language in ("de", "en")], 4000),
        ("conll2003_ner", lambda row: len(row["tokens"]), 4000),
        ("pku_segmentation", lambda row: len(row["tokens"]), 8000),
        ("zh_sentiment/chnsenticorp_htl", lambda row: min(400, len(row["text"])), 8000),
    ],
)
def test_less_than_five_per_cent_of_real_batches_is_padding(path, measure, max_tokens, real_data):
    rows = pyarrow.parquet.ParquetFile(real_data / path / "train.parquet").read().to_pylist()
    lengths = np.array([measure(row) for row in rows])
    budget = Budget(max_tokens=max_tokens)
    assert TrainingBatches(lengths, budget, seed=1).padding_waste < 0.05
    assert TrainingBatches(lengths, Budget(batch_size=64), seed=1).padding_waste < 0.05
    assert padding_waste(lengths, evaluation_batches(lengths, budget)) < 0.05
