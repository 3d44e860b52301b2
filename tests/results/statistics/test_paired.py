"""Tests on single items, held against sacreBLEU, scipy and their definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rnnbench.results.statistics.corpus import bleu, ratio
from rnnbench.results.statistics.paired import approximate_randomisation, mcnemar

WORDS = [*"abcdefghij", "the", "of"]


def _sentences(seed: int, spoil: float) -> tuple[list[str], list[str]]:
    """References, and hypotheses with a share of other words."""
    rng = np.random.default_rng(seed)
    references = [rng.choice(WORDS, rng.integers(5, 15)).tolist() for _ in range(70)]
    rng = np.random.default_rng([seed, int(spoil * 1000)])
    spoilt = [[word if rng.random() > spoil else rng.choice(WORDS) for word in line] for line in references]
    return [" ".join(line) for line in references], [" ".join(line) for line in spoilt]


@pytest.fixture(scope="module", params=[(0.3, 0.32), (0.3, 0.4), (0.2, 0.5)])
def systems(request):
    sacrebleu = pytest.importorskip("sacrebleu.metrics")
    references, one = _sentences(0, request.param[0])
    other = _sentences(0, request.param[1])[1]
    metric = sacrebleu.BLEU(tokenize="none")
    counts = [metric._extract_corpus_statistics(side, [references]) for side in (one, other)]
    return references, one, other, np.array(counts, dtype=np.float64)


def test_p_values_are_those_of_sacrebleu(systems):
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import PairedTest

    references, one, other, items = systems
    theirs = PairedTest(
        [("one", one), ("other", other)], {"BLEU": BLEU(tokenize="none")}, [references], test_type="ar", n_samples=1000
    )
    wanted = theirs()[1]["BLEU"][1].p_value
    assert approximate_randomisation(items, bleu, 1000)[0, 1] == wanted


@pytest.mark.parametrize("size", [1, 2, 70])
def test_bleu_of_sums_is_that_of_sacrebleu(systems, size):
    from sacrebleu.metrics import BLEU

    references, one, _, items = systems
    metric = BLEU(tokenize="none")
    for start in range(0, 70 - size + 1, size):
        part = slice(start, start + size)
        wanted = metric.corpus_score(one[part], [references[part]]).score
        assert bleu(items[0, part].sum(axis=0)) == pytest.approx(wanted, rel=1e-12)


def test_bleu_where_nothing_matches():
    assert bleu(np.array([4.0, 4, 0, 0, 0, 0, 4, 3, 2, 1])) == 0
    assert bleu(np.array([3.0, 4, 3, 2, 1, 0, 3, 2, 1, 0])) == 0
    assert bleu(np.zeros(10)) == 0


@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=8))
@settings(max_examples=25)
def test_randomisation_comes_near_all_exchanges(rows):
    items = np.stack([np.array(rows, dtype=np.float64).T, np.ones((2, len(rows)))], axis=2)
    gaps = items[0, :, 0] - items[1, :, 0]
    signs = np.array(list(itertools.product([-1, 1], repeat=len(rows))))
    exact = (np.abs(signs @ gaps) >= abs(gaps.sum())).mean()
    assert approximate_randomisation(items, ratio, 4000)[0, 1] == pytest.approx(exact, abs=0.035)


def test_pairs_do_not_depend_on_the_systems_beside_them():
    items = np.random.default_rng(1).random((4, 300, 2))
    found = approximate_randomisation(items, ratio, 300)
    assert (found == found.T).all()
    assert (np.diag(found) == 1).all()
    for a, b in itertools.combinations(range(4), 2):
        assert found[a, b] == pytest.approx(approximate_randomisation(items[[b, a]], ratio, 300)[0, 1], abs=0)


def test_a_system_does_not_differ_from_itself():
    item = np.random.default_rng(1).random((1, 50, 2))
    assert approximate_randomisation(np.repeat(item, 2, axis=0), ratio, 200)[0, 1] == 1


def test_parts_of_the_draws_are_the_draws(monkeypatch):
    from rnnbench.results.statistics import paired

    items = np.random.default_rng(1).random((2, 33, 2))
    whole = approximate_randomisation(items, ratio, 700)
    monkeypatch.setattr(paired, "_AT_ONCE", 32)
    assert (approximate_randomisation(items, ratio, 700) == whole).all()


def test_mcnemar_of_a_textbook():
    """A. Agresti, Categorical Data Analysis, 2002, table 10.1: 86 changed one way and 150 the other, z = -4.17."""
    right = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [794, 150, 86, 570], axis=1).astype(bool)
    found = mcnemar(right)[0, 1]
    assert found == pytest.approx(2 * stats.binom.cdf(86, 236, 0.5), rel=1e-9)
    assert found == pytest.approx(2 * stats.norm.sf(4.17), rel=0.3)


def test_mcnemar_of_systems_that_are_right_alike():
    assert mcnemar(np.array([[True, False], [True, False]]))[0, 1] == 1


@pytest.mark.parametrize(("kind", "most"), [("accuracy", 0.064), ("ratio", 0.064)])
def test_equal_systems_are_told_apart_as_rarely_as_promised(kind, most):
    rng = np.random.default_rng(5)
    found = []
    for _ in range(1000):
        easy = rng.random(120)
        if kind == "accuracy":
            found.append(mcnemar(rng.random((2, 120)) < easy)[0, 1])
        else:
            items = np.stack([rng.poisson(3 * easy, (2, 120)), rng.integers(4, 9, 120) + np.zeros((2, 1))], axis=2)
            found.append(approximate_randomisation(items.astype(np.float64), ratio, 499)[0, 1])
    assert np.mean(np.array(found) <= 0.05) <= most
