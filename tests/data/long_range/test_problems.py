"""What holds for every problem: a batch is what the definition says, whichever batch, worker or epoch asks for it."""

import inspect
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnbench.data
from rnnbench.data.long_range.batch import Sequences
from rnnbench.data.long_range.draws import Draw, Draws, key_of
from rnnbench.data.long_range.problem import Drawn, GeneratedProblem, Plan
from rnnbench.errors import UserError

CLASSES = [getattr(rnnbench.data, name) for name in rnnbench.data.__all__]
CLASSES = [one for one in CLASSES if inspect.isclass(one) and issubclass(one, GeneratedProblem)]
OTHERS = {
    "AssociativeRecall": [{"bits": 2, "vectors": 1}],
    "CopyMemory": [{"symbols": 2, "recall": 3}],
    "CycleNavigation": [{"places": 3, "every_step": True}],
    "Dyck": [{"kinds": 1, "depth": 2}, {"kinds": 4, "depth": 1}],
    "ModularArithmetic": [{"modulus": 3, "every_step": True}],
    "Parity": [{"every_step": True}],
    "QueryRecall": [{"vocabulary": 9, "pairs": 3, "power": 1.0}],
    "Reber": [{"embedded": True}],
    "RegularLanguage": [{"expression": "(a|b)*abb"}, {"expression": "a{2,5}", "symbols": "abc", "every_step": True}],
    "RepeatCopy": [{"bits": 3, "repeats": 4}],
    "ReverseString": [{"symbols": 5}],
    "TemporalOrder": [{"markers": 3}],
    "Tomita": [{"number": number} for number in range(1, 8)],
}
AUTOMATON = "state output a b\none x two one\ntwo y one two\nthree z three three\n"


@pytest.fixture
def _file(tmp_path):
    (tmp_path / "machine.txt").write_text(AUTOMATON)


def problems():
    for one in CLASSES:
        usual = {"path": "machine.txt"} if one.__name__ == "AutomatonFile" else {}
        for options in [usual, *OTHERS.get(one.__name__, [])]:
            yield pytest.param(one, options, id=f"{one.__name__}-{'-'.join(map(str, options.values()))}")


pytestmark = pytest.mark.usefixtures("_file")
each = pytest.mark.parametrize(("kind", "options"), list(problems()))


def same(batch, row, one):
    """Whether a row of a batch is a sequence."""
    steps = len(one.asked)
    length = batch.asked.shape[1] if batch.lengths is None else batch.lengths[row]
    assert length == steps
    for name in ("x", "y", "asked", "states"):
        whole, alone = getattr(batch, name), getattr(one, name)
        if alone is None:
            assert whole is None
            continue
        assert whole.dtype == alone.dtype, name
        assert np.array_equal(whole[row, :steps], alone), name
        assert not whole[row, steps:].any(), f"{name}: zeros past the end"


@each
@pytest.mark.parametrize("more", [0, 1, 2, 7])
def test_a_batch_is_what_the_definition_says(kind, options, more):
    problem = kind(**options)
    length, key, samples = problem.shortest + more, key_of(3, "test"), [4, 0, 2**40]
    batch = problem.generate(length, Draws(key, samples))
    assert batch.asked.shape[1] <= problem.steps(length)
    for row, sample in enumerate(samples):
        same(batch, row, problem.define(length, Draw(key, sample)))


@each
def test_what_stands_at_a_step_is_what_the_problem_says(kind, options):
    problem = kind(**options)
    batch = problem.generate(problem.shortest + 7, Draws(7, np.arange(50)))
    inputs, answers = problem.inputs, problem.answers
    if inputs.symbols:
        assert batch.x.dtype == np.int64
        assert batch.x.min() >= 0
        assert batch.x.max() < len(inputs.symbols)
    else:
        assert batch.x.dtype == np.float32
        assert batch.x.shape[2] == inputs.numbers
    if answers.kind == "class":
        assert batch.y.dtype == np.int64
        assert batch.y.max() < len(answers.names)
    else:
        assert batch.y.dtype == np.float32
        assert batch.y.shape[2] == len(answers.names)
    assert not batch.y[~batch.asked].any()
    lengths = np.full(50, batch.asked.shape[1]) if batch.lengths is None else batch.lengths
    if answers.last:
        assert (batch.asked.sum(1) == 1).all()
        assert batch.asked[np.arange(50), lengths - 1].all()
    assert batch.asked.any(1).all(), "of every sequence something is asked"
    assert len(np.unique(batch.y[batch.asked], axis=0)) > 1, "not always the same"
    assert problem.metrics


@each
def test_a_sequence_is_the_same_in_every_batch(kind, options):
    problem = kind(**options)
    plan = problem.plan(Plan(length=problem.shortest + 5, min_length=problem.shortest, train=30))
    sequences = Sequences(problem.samples("train", plan))
    whole = sequences(list(range(30)), 1)
    alone = sequences([11], 1)
    steps = int(alone.lengths[0])
    assert int(whole.lengths[11]) == steps
    assert alone.x.shape[1] == steps
    assert torch.equal(whole.x[11, :steps], alone.x[0])
    answers = whole.asked.sum(1).tolist()
    first = sum(answers[:11])
    assert torch.equal(whole.y[first : first + answers[11]], alone.y)
    assert whole.tokens == int(whole.lengths.sum())
    assert not torch.equal(sequences(list(range(30)), 2).x, whole.x), "an epoch has new ones"


@each
def test_one_too_short_is_refused(kind, options):
    problem = kind(**options)
    for name in ("length", "test_lengths"):
        lengths = {"length": problem.shortest - 1} if name == "length" else {"test_lengths": (0, 50)}
        with pytest.raises(UserError, match=rf"(?s)--data.{name}\n.* needs a length of at least {problem.shortest}"):
            problem.plan(Plan(**lengths))


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 2**50), min_size=1, max_size=4), st.integers(1, 2**32))
@settings(max_examples=50)
def test_numbers_of_a_batch_are_those_of_the_samples(seed, samples, bound):
    key = key_of(seed, "train")
    draws, each_one = Draws(key, samples), [Draw(key, sample) for sample in samples]
    assert draws.belows(bound, 3).tolist() == [one.belows(bound, 3) for one in each_one]
    assert draws.uniform().tolist() == [one.uniform() for one in each_one]
    assert draws.below(np.full(len(samples), bound)).tolist() == [one.below(bound) for one in each_one]


def test_numbers_are_spread_evenly():
    draws = Draws(key_of(1, "train"), np.arange(2000))
    uniform = draws.uniforms(50)
    assert abs(uniform.mean() - 0.5) < 0.005
    assert abs(uniform.var() - 1 / 12) < 0.002
    # Neither neighbours in a sample nor the same place in neighbouring samples know of each other.
    assert abs(np.corrcoef(uniform[:, 0], uniform[:, 1])[0, 1]) < 0.07
    assert abs(np.corrcoef(uniform[:-1].ravel(), uniform[1:].ravel())[0, 1]) < 0.01
    counts = np.bincount(draws.belows(7, 50).ravel(), minlength=7)
    assert np.abs(counts / counts.sum() - 1 / 7).max() < 0.005


def test_splits_and_seeds_differ():
    problem = rnnbench.data.Parity()
    made = []
    for split in ("train", "validation", "test"):
        for seed in (1, 2):
            plan = problem.plan(Plan(length=30, seed=seed, train=5, validation=5, test=5))
            made.append(problem.samples(split, plan).draw(np.arange(5), 0).x.tobytes())
    assert len(set(made)) == 6


def test_every_test_length_has_as_many():
    plan = rnnbench.data.Parity().plan(Plan(length=10, test_lengths=(30, 20), test=4))
    samples = rnnbench.data.Parity().samples("test", plan)
    assert samples.sizes.tolist() == [20] * 4 + [30] * 4
    assert isinstance(samples.draw(np.array([0, 7]), 0), Drawn)


def test_old_sequences_where_none_are_to_be_fresh():
    problem = rnnbench.data.Adding()
    sequences = Sequences(problem.samples("train", problem.plan(Plan(length=9, train=4, fresh=False))))
    assert torch.equal(sequences([0, 3], 0).x, sequences([0, 3], 5).x)


def drawn(problem, length, samples=2000):
    return problem.generate(length, Draws(key_of(1, "test"), np.arange(samples)))


def test_reber_words_are_those_of_the_grammar():
    known = {5: {"BTXSE", "BPVVE"}, 6: {"BTSXSE", "BPTVVE", "BPVPSE"}}
    for length, some in known.items():
        made = drawn(rnnbench.data.Reber(), length, 200).x.tolist()
        assert {"".join("BTSXPVE"[symbol] for symbol in word) for word in made} == some
    words = drawn(rnnbench.data.Reber(), 9)
    assert words.y[words.asked].sum(-1).max() == 2, "in no state may more than two symbols come next"
    first = {tuple(row) for row in words.y[:, 0].astype(int).tolist()}
    assert first == {(0, 1, 0, 0, 1, 0, 0)}, "after B comes T or P"
    # What comes next is one of those that may.
    nexts = np.take_along_axis(words.y[:, :-1], words.x[:, 1:, None], 2)
    assert (nexts == 1).all()


def test_embedded_reber_asks_for_what_stood_at_the_beginning():
    words = drawn(rnnbench.data.Reber(embedded=True), 12)
    assert (words.x[:, 1] == words.x[:, -2]).all()
    assert set(words.x[:, 1].tolist()) == {1, 4}
    before_last = words.y[:, -3].astype(int)
    assert (before_last.sum(1) == 1).all()
    assert (before_last.argmax(1) == words.x[:, 1]).all()


def test_all_bracket_words_are_as_likely():
    words = drawn(rnnbench.data.Dyck(kinds=1), 8, 14_000).x
    kinds, counts = np.unique(words, axis=0, return_counts=True)
    assert len(kinds) == 14, "the fourth number of Catalan"
    assert np.abs(counts / 1000 - 1).max() < 0.12
    limited = drawn(rnnbench.data.Dyck(kinds=2, depth=2), 8).x
    assert np.cumsum(np.where(limited < 2, 1, -1), 1).max() == 2


def test_a_sum_has_the_value_that_python_gives_it():
    problem = rnnbench.data.ModularArithmetic()
    made = drawn(problem, 15, 200)
    for x, y in zip(made.x.tolist(), made.y[:, -1].tolist(), strict=True):
        text = "".join(problem.inputs.symbols[symbol] for symbol in x)
        assert problem.answers.names[y] == str(eval(text) % 5), text


def test_orders_are_read_off_the_sequence():
    problem = rnnbench.data.TemporalOrder(markers=3)
    made = drawn(problem, 40, 200)
    for x, y in zip(made.x.tolist(), made.y[:, -1].tolist(), strict=True):
        marks = [symbol for symbol in (problem.inputs.symbols[one] for one in x) if symbol in "XY"]
        assert problem.answers.names[y] == "".join(marks)


def test_every_query_has_its_value():
    problem = rnnbench.data.QueryRecall(vocabulary=32, pairs=5)
    made = drawn(problem, 41, 300)
    assert (made.asked.sum(1) == 5).all()
    for x, y, asked in zip(made.x, made.y, made.asked, strict=True):
        pairs = dict(zip(x[:10:2].tolist(), x[1:10:2].tolist(), strict=True))
        assert len(pairs) == 5
        assert {int(x[t]): int(y[t]) for t in np.flatnonzero(asked)} == pairs
    early = rnnbench.data.QueryRecall(vocabulary=32, pairs=2)
    steps = np.nonzero(drawn(early, 100).asked)[1]
    assert np.median(steps) < 20, "most queries come early"


def test_items_and_priorities_by_hand():
    made = drawn(rnnbench.data.PrioritySort(bits=3), 5, 20)
    for x, y in zip(made.x, made.y, strict=True):
        order = np.argsort(-x[:5, 3])
        assert np.array_equal(y[6:], x[order[:4], :3])
    recalled = drawn(rnnbench.data.AssociativeRecall(), 4, 50)
    for x, y in zip(recalled.x, recalled.y, strict=True):
        items = [x[4 * item + 1 : 4 * item + 4, :6].tolist() for item in range(5)]
        assert any(items[item] == items[4] and items[item + 1] == y[-3:].tolist() for item in range(3))


@each
def test_an_epoch_made_at_once_has_the_same_sequences(kind, options, monkeypatch):
    problem = kind(**options)
    plan = problem.plan(Plan(length=problem.shortest + 3, min_length=problem.shortest, train=20))
    one_by_one = problem.samples("train", plan)
    monkeypatch.setattr("rnnbench.data.long_range.generated._AT_ONCE", 10**9)
    at_once = problem.samples("train", plan)
    monkeypatch.setattr("rnnbench.data.long_range.generated._AT_ONCE", 0)
    single = problem.samples("train", plan)
    for epoch in (3, 0):
        for samples in ([5, 0, 17], [2], list(range(20))):
            made = [one.draw(np.array(samples), epoch) for one in (one_by_one, at_once, single)]
            for name in Drawn._fields:
                parts = [getattr(one, name) for one in made]
                if parts[0] is None:
                    assert parts == [None] * 3
                else:
                    assert all(np.array_equal(parts[0], part) for part in parts[1:])


@pytest.mark.parametrize(
    ("kind", "options", "plan", "problem"),
    [
        ("Adding", {}, {"length": 5, "min_length": 6}, "--data.min_length\n6 is more than the greatest length, 5"),
        ("Adding", {}, {"train": 0}, "--data.train\nmust be at least 1, found 0"),
        ("Tomita", {"number": 8}, {}, "--data.source.number\nmust be from 1 to 7, found 8"),
        ("AutomatonFile", {}, {}, "a file is missing"),
        ("AutomatonFile", {"path": "absent.txt"}, {}, "absent.txt\nthere is no such file"),
        ("CopyMemory", {"symbols": 27}, {}, "must be from 1 to 26"),
        ("CopyMemory", {"recall": 0}, {}, "must be at least 1"),
        ("CycleNavigation", {"places": 1}, {}, "must be from 2 to 100"),
        ("ModularArithmetic", {"modulus": 11}, {}, "must be from 2 to 10"),
        ("RegularLanguage", {"symbols": "aa"}, {}, "a symbol stands there twice"),
        ("RepeatCopy", {"repeats": 0}, {}, "must be from 1 to 1000"),
        ("AssociativeRecall", {"bits": 0}, {}, "must be from 1 to 1000"),
        ("QueryRecall", {"pairs": 65}, {}, "must be from 1 to 64, the number of keys, found 65"),
        ("QueryRecall", {"power": 0.0}, {}, "must be above 0"),
        ("Dyck", {"kinds": 5}, {}, "must be from 1 to 4"),
        ("Dyck", {"depth": 0}, {}, "must be at least 1"),
        ("TemporalOrder", {"markers": 4}, {}, "must be 2 or 3"),
    ],
)
def test_what_is_wrong_is_said(kind, options, plan, problem):
    with pytest.raises(UserError, match=re.escape(problem)):
        getattr(rnnbench.data, kind)(**options).plan(Plan(**plan))
