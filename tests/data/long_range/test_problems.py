"""What holds for every problem: a batch is what the definition says, whichever batch, worker or epoch asks for it."""

import inspect

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
    "CopyMemory": [{"symbols": 2, "recall": 3}],
    "CycleNavigation": [{"places": 3, "every_step": True}],
    "ModularArithmetic": [{"modulus": 3, "every_step": True}],
    "Parity": [{"every_step": True}],
    "RegularLanguage": [{"expression": "(a|b)*abb"}, {"expression": "a{2,5}", "symbols": "abc", "every_step": True}],
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
@settings(max_examples=50, deadline=None)
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
