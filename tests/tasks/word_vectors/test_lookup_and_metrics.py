"""Neighbours, sums, rank correlations and analogies, by brute force and by gensim."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from rnnbench.data.text.benchmarks import Pair, Question, load_benchmarks
from rnnbench.tasks.word_vectors.lookup import Lookup
from rnnbench.tasks.word_vectors.metrics import answer_questions, spearman

WORDS = ["the", "King", "queen", "man", "woman", "king", "boy", "girl"]


def lookup(seed=0, words=WORDS, size=5):
    return Lookup(words, torch.randn(len(words), size, generator=torch.Generator().manual_seed(seed)))


def cosine(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_the_nearest_are_those_of_brute_force():
    found = lookup()
    vectors = found.unit.numpy()
    total = vectors[1] - vectors[3] + vectors[4]
    wanted = sorted(((cosine(total, vectors[i]), WORDS[i]) for i in range(8) if i not in (1, 3, 4)), reverse=True)
    near = found.nearest(["King", "woman"], ["man"], 20)
    assert [one.word for one in near] == [word for _, word in wanted]
    assert [one.cosine for one in near] == pytest.approx([value for value, _ in wanted])
    assert [one.cosine for one in found.nearest(["the"], [], 3)] == pytest.approx(
        sorted((cosine(vectors[0], vector) for vector in vectors[1:]), reverse=True)[:3]
    )


def test_case_decides_only_between_words_that_are_there():
    found = lookup()
    assert torch.equal(found.vector("king"), found.unit[5])
    assert torch.equal(found.vector("KING"), found.unit[1]), "the more frequent one"
    assert found.vector("prince") is None
    assert found.near_spellings("qeen") == ["queen"]


def test_the_odd_one_is_least_like_the_mean():
    vectors = torch.tensor([[1.0, 0.1], [1.0, -0.1], [0.9, 0.0], [0.1, 1.0]])
    found = Lookup(["a", "b", "c", "d"], vectors)
    assert found.odd_one(["a", "d", "c", "b"]) == "d"


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(0, 3)), min_size=3, max_size=30))
@pytest.mark.filterwarnings("ignore:An input array is constant")
def test_correlation_is_that_of_scipy(rows):
    pairs = [*(Pair(*row) for row in rows), Pair("the", "unheard", 2.0)]
    found = spearman(pairs, lookup())
    assert found.known == len(rows)
    vectors = lookup()
    cosines = [round(float(vectors.vector(a) @ vectors.vector(b)), 12) for a, b, _ in rows]
    wanted = spearmanr(cosines, [score for *_, score in rows]).statistic
    assert found.value == pytest.approx(0.0 if np.isnan(wanted) else wanted)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(4, 8))
def test_analogies_are_those_of_brute_force(seed, most):
    found = lookup(seed)
    questions = [Question("", *four) for four in itertools.permutations(WORDS[:5], 4)] + [
        Question("", "a", "b", "c", "d")
    ]
    answered = answer_questions(questions, found, most)
    vectors = found.unit.numpy()
    by_number = dict(zip(answered.numbers.tolist(), zip(answered.added, answered.multiplied, strict=True), strict=True))
    for number, question in enumerate(questions):
        places = [found.place(word) for word in question[1:]]
        if None in places or max(places) >= most:
            assert number not in by_number
            continue
        a, b, c, d = places
        free = [i for i in range(most) if i not in (a, b, c)]
        cosines = (1 + vectors @ vectors.T) / 2
        added = max(free, key=lambda i: cosines[i, b] - cosines[i, a] + cosines[i, c])
        multiplied = max(free, key=lambda i: cosines[i, b] * cosines[i, c] / (cosines[i, a] + 1e-3))
        assert by_number[number] == (added == d, multiplied == d)


@pytest.mark.data
def test_benchmarks_are_scored_as_gensim_scores_them(real_data):
    keyed = pytest.importorskip("gensim.models.keyedvectors")
    folder = real_data / "word_similarity"
    benchmarks = load_benchmarks(str(folder))
    asked = [word.lower() for question in benchmarks.questions[::7] for word in question[1:]]
    asked += [word.lower() for pairs in benchmarks.pairs.values() for pair in pairs[::2] for word in pair[:2]]
    words = list(dict.fromkeys(asked))
    # Questions are answered rightly now and then: a word is near to those that stand around it in the list.
    steps = np.random.default_rng(1).standard_normal((len(words), 20)).cumsum(0)
    theirs = keyed.KeyedVectors(20)
    theirs.add_vectors(words, steps.astype(np.float32))
    ours = Lookup(words, torch.from_numpy(steps.astype(np.float32)))
    for name, file in (("wordsim353", "wordsim353.tsv"), ("simlex999", "simlex999.txt")):
        _, rho, unknown = theirs.evaluate_word_pairs(str(folder / file), delimiter="\t")
        found = spearman(benchmarks.pairs[name], ours)
        assert found.value == pytest.approx(rho.statistic, abs=2e-4), "cosines of 32 bits have other ties"
        assert 100 * (1 - found.known / len(benchmarks.pairs[name])) == pytest.approx(unknown)
    share, sections = theirs.evaluate_word_analogies(str(folder / "questions-words.txt"))
    answered = answer_questions(benchmarks.questions, ours, 300_000)
    total = sections[-1]
    assert len(answered.numbers) == len(total["correct"]) + len(total["incorrect"])
    assert answered.added.sum() == len(total["correct"]) > 0
    assert answered.added.mean() == pytest.approx(share)
