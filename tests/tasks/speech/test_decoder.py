"""Ways to decode: what they are called, what they refuse, what a lexicon does."""

import numpy as np
import pytest

from rnnbench.errors import UserError
from rnnbench.tasks.speech.alphabet import Alphabet
from rnnbench.tasks.speech.decoder import Decoder

ALPHABET = Alphabet.train("char", ["aaa bb"])  # blank, a, b, space


def posteriors(text: str) -> np.ndarray:
    """Log-probabilities of steps that say each letter of a text, ``-`` for the blank, with some doubt."""
    labels = [token or "-" for token in ALPHABET.tokens]
    rows = np.full((len(text), len(labels)), 0.1 / (len(labels) - 1))
    for step, letter in enumerate(text):
        rows[step, labels.index(letter)] = 0.9
    return np.log(rows)


def arpa(path, *words):
    lines = "".join(f"-0.5\t{word}\n" for word in ("<s>", "</s>", *words))
    path.write_text(f"\\data\\\nngram 1={len(words) + 2}\n\n\\1-grams:\n{lines}\n\\end\\\n")
    return str(path)


def test_summaries():
    assert Decoder().summary() == "best_path"
    assert Decoder(8).summary() == "beam8"
    assert Decoder(8, "runs/text_generation/x:1", 0.25, 1.0).summary() == "beam8,x_1,0.25,1"


def test_a_lexicon_decides_and_where_it_forbids_everything_the_sounds_do(tmp_path):
    heard = posteriors("a-bb-b a")
    assert ALPHABET.decode(Decoder().make(ALPHABET)(heard)) == "abb a"
    lexicon = Decoder(16, arpa(tmp_path / "lm.arpa", "aba", "ab", "a"))
    assert ALPHABET.decode(lexicon.make(ALPHABET)(heard)) == "ab a"
    certain = np.full((1, 4), -np.inf)
    certain[0, ALPHABET.tokens.index("a")] = 0
    foreign = Decoder(4, arpa(tmp_path / "other.arpa", "bab"))
    assert ALPHABET.decode(foreign.make(ALPHABET)(certain)) == "a"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"beam_size": 0}, "at least 1"),
        ({"lm": "x.arpa"}, "listens to no language model"),
        ({"lm_weight": -1.0}, "not be negative"),
    ],
)
def test_what_is_refused(options, says):
    with pytest.raises(UserError, match=says):
        Decoder(**options).check()


def test_no_language_model_there():
    with pytest.raises(UserError, match="there is no language model"):
        Decoder(4, "nowhere").make(ALPHABET)
