"""Automata: their files, the least of them, their words."""

import collections
import itertools
import re

import numpy as np
import pytest

from rnnbench.data import Tomita
from rnnbench.data.automata.automaton import Automaton
from rnnbench.data.automata.expression import automaton_of
from rnnbench.data.automata.table_file import automaton_table, read_automaton
from rnnbench.data.automata.words import WordChooser
from rnnbench.data.long_range.draws import Draws
from rnnbench.errors import UserError

EVEN = "# even number of a\n\nstate output a b\neven yes odd even\nodd no even odd\n"


def read(path, text):
    path.write_text(text)
    return read_automaton(path)


def test_a_file(tmp_path):
    found = read(tmp_path / "even.txt", EVEN)
    assert (found.symbols, found.outputs, found.names) == (("a", "b"), ("no", "yes"), ("even", "odd"))
    assert found.difference(automaton_of("(b*ab*a)*b*")) is None
    assert found.difference(automaton_of("(aa|b)*")) == (0, 1, 0)
    assert Automaton.from_plain(found.to_plain()).difference(found) is None
    again = read(tmp_path / "again.txt", automaton_table(found))
    assert again.to_plain() == found.to_plain()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("even yes odd even", "even yes odd", "line 4\nthe state even has no transition for b"),
        ("odd no even odd", "odd", "line 5\nthe state odd has no output"),
        ("odd no even odd", "odd no even odd odd", "line 5\nthe state odd has 3 transitions for 2 symbols"),
        ("odd no even odd", "odd no evn odd", "line 5\na leads from odd to evn, which is no state\ndid you mean: even"),
        ("odd no even odd", "even no even odd", "line 5\nthe state even stands there twice"),
        ("state output a b", "state out a b", "line 3\nthere is no head"),
        ("state output a b", "state output a a", "a symbol stands twice"),
        (EVEN, "# nothing\n", "line 1\nthere is no head"),
        (EVEN, "state output a b\n", "there is no state"),
    ],
)
def test_a_broken_file_names_the_line(tmp_path, old, new, problem):
    with pytest.raises(UserError, match=re.escape(problem)):
        read(tmp_path / "even.txt", EVEN.replace(old, new))


def test_the_least_automaton_has_no_state_twice(tmp_path):
    doubled = EVEN.replace("odd no even odd", "odd no same odd\nsame yes odd even\nlost no lost lost")
    found = read(tmp_path / "doubled.txt", doubled)
    assert len(found) == 4
    assert len(found.minimal()) == 2
    assert found.minimal().difference(found) is None


# By hand, or the complement of M. Tomita's own third expression.
LANGUAGES = {
    1: lambda word: "0" not in word,
    2: lambda word: re.fullmatch("(10)*", word),
    3: lambda word: not re.fullmatch("((0|1)*0)*1(11)*(0(0|1)*1)*0(00)*(1(0|1)*)*", word),
    4: lambda word: "000" not in word,
    5: lambda word: word.count("0") % 2 == word.count("1") % 2 == 0,
    6: lambda word: (word.count("0") - word.count("1")) % 3 == 0,
    7: lambda word: re.fullmatch("0*1*0*1*", word),
}


@pytest.mark.parametrize("number", LANGUAGES)
def test_the_languages_of_tomita(number):
    automaton = Tomita(number=number).automaton
    assert len(automaton) == [2, 3, 5, 4, 4, 3, 5][number - 1]
    for size in range(1, 11):
        words = np.array(list(itertools.product(range(2), repeat=size)))
        said = automaton.output[automaton.run(words)[:, -1]]
        for word, yes in zip(words.tolist(), said.tolist(), strict=True):
            assert bool(LANGUAGES[number]("".join(map(str, word)))) == bool(yes)


def test_words_of_one_output_are_all_as_likely():
    automaton = automaton_of("(a|b)*abb|b*")
    chooser = WordChooser(automaton)
    words = chooser.words(4, Draws(1, np.arange(40_000)))
    states = automaton.run(words)
    yes = words[automaton.output[states[:, -1]] == 1]
    assert abs(len(yes) / len(words) - 0.5) < 0.01
    counts = collections.Counter(map(tuple, yes.tolist()))
    # abb with one symbol before it, and bbbb.
    assert set(counts) == {(0, 0, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1)}
    assert chooser.outputs(0) == [1], "the empty word is one of b*"


def test_where_a_word_does_not_belong_is_anywhere():
    automaton = automaton_of("(ab)*")
    words = WordChooser(automaton).words(20, Draws(1, np.arange(4000)))
    states = automaton.run(words)
    no = states[automaton.output[states[:, -1]] == 0]
    dead = int(automaton.next[0, 1])
    leaves = (no == dead).argmax(1)
    # Random words would nearly all leave within the first few steps.
    assert (leaves >= 10).mean() > 0.2
    assert (leaves < 10).mean() > 0.2


def test_long_words_of_a_rare_kind_can_be_drawn():
    chooser = WordChooser(automaton_of("a*", "abcdefghij"))
    words = chooser.words(600, Draws(5, np.arange(40)))
    assert 5 < (words == 0).all(1).sum() < 35
