"""Re-ranking by mutual information against its formulas, by brute force."""

import math

from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.beam import Hypothesis
from rnnbench.decode.mutual_information import against_language, bidirectional

NATS = st.floats(-30, -0.01)
ONE = st.tuples(NATS, st.lists(NATS, min_size=1, max_size=7), NATS)


def hypotheses(some):
    return [
        Hypothesis(list(range(4, 3 + len(language))), likelihood, likelihood, None) for likelihood, language, _ in some
    ]


@given(st.lists(ONE, min_size=1, max_size=6), st.floats(0, 2), st.integers(1, 8), st.floats(-1, 1))
def test_against_a_language_model(some, weight, first, reward):
    found = hypotheses(some)
    ranked = against_language(found, [language for _, language, _ in some], weight, first, reward)
    for one in ranked:
        likelihood, language, _ = some[next(i for i, other in enumerate(found) if other.tokens is one.tokens)]
        punished = math.fsum(nats for k, nats in enumerate(language, start=1) if k <= first)
        assert math.isclose(one.score, likelihood - weight * punished + reward * len(one.tokens), abs_tol=1e-9)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert sorted(id(one.tokens) for one in ranked) == sorted(id(one.tokens) for one in found)


@given(st.lists(ONE, min_size=1, max_size=6), st.floats(0, 1), st.floats(-1, 1))
def test_in_both_directions(some, weight, reward):
    found = hypotheses(some)
    ranked = bidirectional(found, [back for _, _, back in some], weight, reward)
    for one in ranked:
        likelihood, _, back = some[next(i for i, other in enumerate(found) if other.tokens is one.tokens)]
        wanted = (1 - weight) * likelihood + weight * back + reward * len(one.tokens)
        assert math.isclose(one.score, wanted, abs_tol=1e-9)
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)


def test_what_goes_with_everything_loses():
    dull, telling = Hypothesis([4, 5], -1.0, -1.0, None), Hypothesis([6, 7], -2.0, -2.0, None)
    assert against_language([dull, telling], [[-0.2, -0.2, -0.1], [-4.0, -1.0, -0.1]], 0.5, 2, 0.0)[0].tokens == [6, 7]
    assert bidirectional([dull, telling], [-9.0, -1.0], 0.5, 0.0)[0].tokens == [6, 7]
    assert against_language([dull, telling], [[-0.2], [-4.0]], 0.0, 5, 0.0)[0].tokens == [4, 5]
    assert bidirectional([dull, telling], [-9.0, -1.0], 0.0, 0.0)[0].tokens == [4, 5]


def test_equal_ones_stay_in_their_order():
    same = [Hypothesis([4], -1.0, -1.0, None), Hypothesis([5], -1.0, -1.0, None)]
    assert [one.tokens for one in bidirectional(same, [-2.0, -2.0], 0.5, 0.0)] == [[4], [5]]
