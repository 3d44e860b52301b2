"""Text to ids and back."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.text import tokenizer as module
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.english import ENGLISH_WORD, english_words
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.errors import UserError

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_characters_round_trip(text):
    tokenizer = Tokenizer.train("char", [text])
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(TEXT)
def test_bytes_round_trip(text):
    tokenizer = Tokenizer.train("byte", [])
    assert len(tokenizer) == 257
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1), min_size=1))
def test_words_round_trip(lines):
    text = "\n".join(" ".join(line) for line in lines) + "\n"
    tokenizer = Tokenizer.train("word", [text])
    stream = tokenizer.stream([text])
    assert tokenizer.decode(stream.tokens) == text
    assert stream.characters == len(text)
    assert stream.unknown == 0


@given(st.lists(TEXT, max_size=4))
def test_documents_are_parted_and_counted(documents):
    tokenizer = Tokenizer.train("char", documents)
    stream = tokenizer.stream(documents)
    assert len(stream.tokens) == stream.characters == len("\n".join(documents))
    assert (stream.tokens == tokenizer.end).sum() == max(len(documents) - 1, 0)


@pytest.mark.parametrize(("level", "split"), [("word", str.split), ("english", lambda t: english_words(t.lower()))])
@given(text=st.text(alphabet="aB'.- \n\t\x0b", max_size=14), size=st.integers(1, 4))
def test_words_in_pieces_are_the_words_of_the_whole(level, split, text, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", size)
        words = Tokenizer.train(level, [text])
        stream = words.stream([text])
    lines = [split(line) for line in text.removesuffix("\n").split("\n")]
    assert [words.tokens[i] for i in stream.tokens] == [token for line in lines for token in (*line, "<eos>")]
    assert stream.characters == len("".join(" ".join(line) + "\n" for line in lines))


def test_penn_treebank_counts_lines():
    text = " the cat <unk> \n\n a dog \n"
    tokenizer = Tokenizer.train("word", [text])
    stream = tokenizer.stream([text])
    names = [tokenizer.tokens[i] for i in stream.tokens]
    assert names == ["the", "cat", "<unk>", "<eos>", "<eos>", "a", "dog", "<eos>"]
    assert stream.unknown == 0, "a literal <unk> is a word of the corpus"
    assert stream.characters == len("the cat <unk>\n\na dog\n")


@pytest.mark.parametrize(("level", "unknown"), [("char", 2), ("word", 1), ("byte", 0)])
def test_unknown_tokens_are_counted_not_crashed_on(level, unknown):
    tokenizer = Tokenizer.train(level, ["ab ab"])
    stream = tokenizer.stream(["ab éé"])
    assert stream.unknown == unknown
    assert (stream.tokens == 0).sum() == unknown
    assert tokenizer.missing("ab éé") == {"char": ["é"], "word": ["éé"], "byte": []}[level]


@pytest.mark.parametrize("level", ["word", "english"])
def test_text_without_end_that_nothing_parts_is_no_words(level, monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 4)
    monkeypatch.setattr(module, "_LONGEST_WORD", 20)
    assert set(Tokenizer.train(level, ["a" * 19 + " b"]).tokens[2:]) == {"a" * 19, "b"}
    with pytest.raises(UserError, match="more than 20 characters without white space") as caught:
        Tokenizer.train(level, ["a" * 30])
    assert "--data.level char" in caught.value.hint
    assert len(Tokenizer.train("char", ["a" * 30]).stream(["a" * 30]).tokens) == 30


@given(
    st.text(st.sampled_from("aB'’tsΣσ.,-1_!\x0b\x1c\x85\u2028\u3000é \n") | st.characters(codec="utf-8"), max_size=30)
)
def test_english_words_are_what_the_pattern_finds(text):
    """Strings that were met before are not looked at again, which must not be seen; nor is lower case cut anywhere."""
    assert english_words(text) == re.findall(ENGLISH_WORD, text)
    assert english_words(text.lower()) == [word for part in text.split() for word in english_words(part.lower())]


def test_english_words_are_those_of_a_classifier():
    text = "It's GOOD,\n\nreally good!\n"
    tokenizer = Tokenizer.train("english", [text])
    stream = tokenizer.stream([text])
    lines = [["it", "'s", "good", ","], [], ["really", "good", "!"]]
    assert [tokenizer.tokens[i] for i in stream.tokens] == [word for line in lines for word in [*line, "<eos>"]]
    encoder = TextEncoder.train("english", [text], lowercase=True)
    assert [encoder.tokens[i] for i in encoder.encode(text)] == [word for line in lines for word in line]
    assert stream.characters == len("it 's good ,\n\nreally good !\n")
    assert tokenizer.missing("good bad") == ["bad"]


@pytest.mark.parametrize("level", ["char", "word", "english"])
def test_a_grown_vocabulary_keeps_its_ids(level):
    own = Tokenizer.train(level, ["b a a"])
    grown = own.grown(["<unk>", "<eos>", "a", "c"])
    assert grown.tokens == [*own.tokens, "c"]
    assert Tokenizer.train("byte", []).grown(["c"]).tokens == Tokenizer.train("byte", []).tokens


def test_vocabulary_is_by_frequency_then_by_name():
    tokenizer = Tokenizer.train("word", ["b a c c"])
    assert tokenizer.tokens == ["<unk>", "<eos>", "c", "a", "b"]
    assert Tokenizer.train("word", ["b a c c"], max_vocabulary=3).tokens == ["<unk>", "<eos>", "c"]


def test_state_round_trip():
    tokenizer = Tokenizer.train("char", ["hello"])
    again = Tokenizer.from_state(tokenizer.state())
    assert np.array_equal(again.encode("hello"), tokenizer.encode("hello"))


def test_unknown_level():
    with pytest.raises(UserError, match="did you mean: char"):
        Tokenizer.train("chars", [""])
