"""N-gram models with back-off: their files and what they answer."""

import gzip
import math

import numpy as np
import pytest

from rnnbench.decode.language import read_arpa, write_arpa
from rnnbench.errors import UserError

MODEL = r"""made by hand

\data\
ngram 1=5
ngram 2=4
ngram 3=2

\1-grams:
-1.0	<unk>
-99	<s>	-0.5
-0.8	</s>
-0.6	a	-0.25
-0.7	b	-0.125

\2-grams:
-0.3	<s> a	-0.0625
-0.4	a b	-0.03125
-0.45	b </s>
-0.35 b a

\3-grams:
-0.1	<s> a b
-0.2	a b </s>

\end\
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.arpa"
    path.write_text(MODEL, encoding="utf-8")
    return read_arpa(path)


def log10_of(model, words):
    """Of each word of a sentence, then of its end."""
    state, found = model.start(), []
    for word in words:
        found.append(model.score(state, word))
        state = model.advance(state, word)
    return [value / math.log(10) for value in [*found, model.end(state)]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # <s> a; <s> a b; a b </s>
        ("a b", [-0.3, -0.1, -0.2]),
        # back-off(<s>) + b; b a, for <s> b is no context; back-off(b a) is 0, back-off(a) + </s>
        ("b a", [-0.5 - 0.7, -0.35, -0.25 - 0.8]),
        # <s> a; back-off(<s> a) + back-off(a) + a; back-off(a a) is 0 and back-off(a) + </s>
        ("a a", [-0.3, -0.0625 - 0.25 - 0.6, -0.25 - 0.8]),
        # a b b: back-off(a b) + back-off(b) + b; then b </s>
        ("a b b", [-0.3, -0.1, -0.03125 - 0.125 - 0.7, -0.45]),
        ("", [-0.5 - 0.8]),
    ],
)
def test_backs_off_as_by_hand(model, words, expected):
    assert log10_of(model, words.split()) == pytest.approx(expected, abs=1e-12)


def test_a_word_outside_the_vocabulary_is_unk_in_a_context(model):
    state = model.advance(model.start(), "zebra")
    assert model.score(state, "a") == pytest.approx(-0.6 * math.log(10))
    assert model.words == ["a", "b"]


def test_a_distribution_has_the_scores_of_all_words(model):
    for words in ("", "a", "b", "a b", "a a", "b a"):
        state = model.start()
        for word in words.split():
            state = model.advance(state, word)
        expected = [model.score(state, token) for token in model.tokens]
        assert model.distribution(state) == pytest.approx(expected, abs=1e-12)


def test_states_that_can_answer_nothing_else_are_equal(model):
    a_b = model.advance(model.advance(model.start(), "a"), "b")
    a_b_b = model.advance(a_b, "b")
    assert a_b_b == model.advance(model.advance(a_b_b, "b"), "b")


def test_written_and_read_again(model, tmp_path):
    write_arpa(model, tmp_path / "again.arpa")
    again = read_arpa(tmp_path / "again.arpa")
    assert again.tokens == model.tokens
    for name in ("keys", "log_probs", "backoffs"):
        for found, expected in zip(getattr(again, name), getattr(model, name), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_gzip(model, tmp_path):
    path = tmp_path / "model.arpa.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(MODEL)
    assert log10_of(read_arpa(path), ["a", "b"]) == log10_of(model, ["a", "b"])


def test_a_model_of_one_order_without_ends(tmp_path):
    path = tmp_path / "unigram.arpa"
    path.write_text("\\data\\\nngram 1=2\n\\1-grams:\n-0.5 a\n-inf b\n\\end\\\n", encoding="utf-8")
    assert log10_of(read_arpa(path), ["a", "b", "a"]) == pytest.approx([-0.5, -99, -0.5, 0])


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("\\data\\", "data", 25, r"no line \\data\\"),
        ("ngram 1=5\n", "", 4, "expected the number of 1-grams, found ngram 2=4"),
        ("ngram 1=5\nngram 2=4\nngram 3=2\n", "", 5, r"expected 'ngram 1=...', found \\1-grams:"),
        ("ngram 2=4", "ngram 2=3", 19, "more than the 3 2-grams"),
        ("ngram 2=4", "ngram 2=5", 21, "4 2-grams, where .* announces 5"),
        ("\\2-grams:", "\\3-grams:", 15, r"expected \\2-grams:, found \\3-grams:"),
        ("-0.4	a b", "-O.4	a b", 17, "'-O.4' is no number"),
        ("-0.4	a b", "nan	a b", 17, "no number to calculate with"),
        ("-0.4	a b", "0.4	a b", 17, "at most 0, found 0.4"),
        ("-0.4	a b	-0.03125", "-0.4 a", 17, "2 tokens .*found 2 fields"),
        ("-0.1	<s> a b", "-0.1	<s> a b	-1", 22, "3 tokens, found 5 fields"),
        ("-0.4	a b", "-0.4	a c", 17, "'c' is not among the 1-grams"),
        ("-0.7	b", "-0.7	a", 13, "'a' was there before"),
        ("-0.35 b a", "-0.35 a b", 19, "this n-gram was there before"),
        ("-0.2	a b </s>", "-0.2	a a </s>", 23, "first 2 tokens of this n-gram are no n-gram"),
        ("\n\\end\\", "", 24, "the file ends before"),
        ("\\end\\", "\\4-grams:", 25, r"expected \\end\\, found"),
    ],
)
def test_bad_files(tmp_path, old, new, line, problem):
    assert old in MODEL
    path = tmp_path / "bad.arpa"
    path.write_text(MODEL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=problem) as error:
        read_arpa(path)
    assert error.value.where == f"{path}, line {line}"


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "bad.arpa"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is no ARPA file"):
        read_arpa(path)
    path = tmp_path / "bad.arpa.gz"
    path.write_bytes(gzip.compress(MODEL.encode())[:-20])
    with pytest.raises(UserError, match="is no ARPA file"):
        read_arpa(path)
    path.write_bytes(b"text")
    with pytest.raises(UserError, match="is no ARPA file: Not a gzipped file"):
        read_arpa(path)
    with pytest.raises(UserError, match="there is no such file"):
        read_arpa(tmp_path / "none.arpa")


def test_a_token_with_white_space_cannot_be_written(model, tmp_path):
    model.tokens[3] = "\n"
    with pytest.raises(UserError, match=r"the token '\\n' holds white space"):
        write_arpa(model, tmp_path / "new.arpa")
    assert not (tmp_path / "new.arpa").exists()
