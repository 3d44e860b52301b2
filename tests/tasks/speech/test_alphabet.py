import itertools

import numpy as np
import pytest

from rnnbench.errors import UserError
from rnnbench.tasks.speech.alphabet import Alphabet, least_steps


def test_numbers_begin_after_the_blank():
    alphabet = Alphabet.train("char", ["cab", "a bb"])
    assert alphabet.blank == 0
    assert alphabet.tokens == ["", "b", "a", " ", "c"]
    assert len(alphabet) == 5
    assert alphabet.encode("abc").tolist() == [2, 1, 4]
    assert alphabet.decode([3, 2, 3, 3, 1, 3]) == "a b"


def test_what_is_outside_is_left_out_and_counted():
    alphabet = Alphabet.train("char", ["ab"])
    assert alphabet.encode("a-é-b").tolist() == alphabet.encode("ab").tolist()
    assert alphabet.outside(["a-é-b", "-"]) == {"-": 3, "é": 1}
    rare = Alphabet.train("char", ["aab"], min_count=2)
    assert rare.outside(["aab"]) == {"b": 1}
    with pytest.raises(UserError, match="no char occurs 4 times"):
        Alphabet.train("char", ["aab"], min_count=4)


def test_words():
    alphabet = Alphabet.train("word", ["three one", "three"])
    assert alphabet.tokens == ["", "three", "one"]
    assert alphabet.decode(alphabet.encode("one three three")) == "one three three"
    assert Alphabet.from_state(alphabet.state()).tokens == alphabet.tokens


@pytest.mark.parametrize("text", ["", "a", "aa", "ab", "aab", "abba", "aaa"])
def test_least_steps_are_those_of_the_shortest_path(text):
    ids = np.array([" ab".index(letter) for letter in text], dtype=np.int64)

    def collapse(path):
        return [key for key, _ in itertools.groupby(path) if key]

    steps = next(
        size for size in range(8) if any(collapse(p) == ids.tolist() for p in itertools.product(range(3), repeat=size))
    )
    assert least_steps(ids) == steps
