"""Regular expressions against Python's own, on all short words."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.data.automata.expression import automaton_of
from rnnbench.errors import UserError

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-b]", "\\."])


def grown(inner):
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    )


def says(automaton, word):
    state = 0
    for symbol in word:
        state = automaton.next[state, automaton.symbols.index(symbol)]
    return automaton.outputs[automaton.output[state]] == "yes"


def made(expression):
    """The automaton; None where it says the same of all words."""
    try:
        return automaton_of(expression, "ab.")
    except UserError as error:
        if "nothing to tell apart" in str(error):
            return None
        raise


@given(st.recursive(ATOMS, grown, max_leaves=6))
@settings(max_examples=150)
def test_words_are_those_of_python(expression):
    pattern = re.compile(expression)
    words = ["".join(word) for size in range(5) for word in itertools.product("ab.", repeat=size)]
    wanted = [pattern.fullmatch(word) is not None for word in words]
    automaton = made(expression)
    if automaton is None:
        assert len(set(wanted)) == 1
        return
    assert [says(automaton, word) for word in words] == wanted
    assert len(automaton.minimal()) == len(automaton)


@pytest.mark.parametrize(
    ("expression", "symbols", "problem"),
    [
        ("[^a]", None, "no word"),
        ("[^ab]a", "ab", "no word"),
        ("(a|b)*", None, "every word"),
        ("", "ab", None),
        ("", None, "names no symbol"),
        ("(ab", None, r"\( is not closed, at character 4"),
        ("ab)", None, "'\\)' closes nothing, at character 3"),
        ("a|*", None, "'\\*' has nothing to stand for, at character 3"),
        ("a{3,1}", None, "counts backwards"),
        ("a{x}", None, "needs a count"),
        ("a{\u0663}", None, "needs a count"),
        ("a{1000}", None, "200 at most"),
        ("[b-a]", None, "b-a counts backwards"),
        ("[ab", None, r"\[ is not closed"),
        ("a\\", None, "nothing stands behind"),
        ("\\d", None, "means nothing here"),
        ("^ab$", None, "that of the whole word"),
        ("abc", "ab", "'c' is none of the symbols a, b"),
        ("(a|b)*a(a|b){20}", None, "more than 1,000 states"),
    ],
)
def test_what_is_wrong_is_said(expression, symbols, problem):
    if problem is None:
        assert says(automaton_of(expression, symbols), "")
        return
    with pytest.raises(UserError, match=problem):
        automaton_of(expression, symbols)
