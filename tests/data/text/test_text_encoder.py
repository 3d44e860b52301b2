"""Text to ids and back, sample by sample."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.english import english_words
from rnnbench.data.text.vocabulary import BEGIN, END, PAD, SPECIALS, UNKNOWN, Labels, Vocabulary, ranked
from rnnbench.errors import UserError

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=40)
CORPUS = [
    "the cat sat on the mat, and the dog sat on the log",
    "Die Katze saß auf der Matte; der Hund lief über die Straße",
    "我爱北京天安门，我爱中国",
    "cats and dogs and logs and mats  (two spaces)",
] * 3
UNITS = ["word", "english", "char", "byte", "bpe", "unigram"]
SIZES = {"bpe": 120, "unigram": 120}


def trained(unit, texts=CORPUS, **options):
    return TextEncoder.train(unit, texts, max_size=SIZES.get(unit), **options)


@pytest.mark.parametrize("unit", ["char", "byte", "bpe", "unigram"])
@pytest.mark.parametrize("text", [*CORPUS[:4], "", " ", " a  b ", "<pad> <eos>"])
def test_text_of_known_characters_comes_back(unit, text):
    encoder = trained(unit, [*CORPUS, "<pad> <eos>"])
    ids = encoder.encode(text)
    assert encoder.decode(ids) == text
    assert (ids >= len(SPECIALS)).all(), "no text is taken for a special token"


@pytest.mark.parametrize("unit", ["bpe", "unigram"])
@given(texts=st.lists(TEXT, min_size=1, max_size=5))
@settings(max_examples=25)
def test_subwords_of_any_training_text_come_back(unit, texts):
    encoder = TextEncoder.train(unit, texts, max_size=400)
    for text in texts:
        assert encoder.decode(encoder.encode(text)) == text


@given(TEXT)
def test_bytes_come_back(text):
    encoder = TextEncoder.train("byte", [])
    assert encoder.decode(encoder.encode(text)) == text
    assert len(encoder) == 260


@pytest.mark.parametrize("unit", ["word", "english"])
def test_words_come_back_parted_by_a_space(unit):
    encoder = trained(unit)
    assert encoder.decode(encoder.encode("the dog  sat\n")) == "the dog sat"


@pytest.mark.parametrize("unit", UNITS)
def test_a_state_is_json_and_comes_back(unit):
    encoder = trained(unit)
    state = json.loads(json.dumps(encoder.state()))
    assert state == encoder.state(), "plain values only"
    again = TextEncoder.from_state(state)
    for text in CORPUS:
        assert np.array_equal(again.encode(text), encoder.encode(text))
    assert again.tokens == encoder.tokens
    assert len(again) == len(encoder) == len(encoder.tokens)
    assert encoder.tokens[:4] == [PAD, UNKNOWN, BEGIN, END]


@pytest.mark.parametrize("unit", UNITS)
def test_a_token_for_each_id(unit):
    encoder = trained(unit)
    for text in [*CORPUS[:4], "", "dog ☃ 犬☃x"]:
        assert len(encoder.split(text)) == len(encoder.encode(text))


@pytest.mark.parametrize("unit", UNITS)
def test_special_ids_are_left_out_of_text(unit):
    encoder = trained(unit)
    ids = [encoder.begin, *encoder.encode("the cat").tolist(), encoder.end, encoder.pad, encoder.pad]
    assert encoder.decode(ids) == "the cat"


@pytest.mark.parametrize(
    ("unit", "missing"),
    [("word", ["☃☃"]), ("english", ["☃"]), ("char", ["☃"]), ("byte", []), ("bpe", ["☃"]), ("unigram", ["☃☃"])],
)
def test_unknown_tokens_are_told(unit, missing):
    encoder = trained(unit)
    assert encoder.missing("the ☃☃") == missing
    assert UNKNOWN not in encoder.decode(encoder.encode("the"))
    assert (UNKNOWN in encoder.decode(encoder.encode("the ☃☃"))) == bool(missing)


def test_text_of_nothing_known():
    assert trained("char").encode("☃☃").tolist() == [1, 1]
    assert trained("word").encode("☃☃ ☃").tolist() == [1, 1]


@pytest.mark.parametrize("unit", UNITS)
def test_lower_case_is_an_option(unit):
    encoder = trained(unit, lowercase=True)
    assert np.array_equal(encoder.encode("THE CAT"), encoder.encode("the cat"))
    assert encoder.decode(encoder.encode("THE CAT")) == "the cat"
    assert TextEncoder.from_state(encoder.state()).lowercase


def test_rare_tokens_and_a_limited_number():
    texts = ["a a a b b c"]
    assert TextEncoder.train("word", texts).tokens[4:] == ["a", "b", "c"]
    assert TextEncoder.train("word", texts, min_count=2).tokens[4:] == ["a", "b"]
    assert TextEncoder.train("word", texts, max_size=5).tokens[4:] == ["a"]


@pytest.mark.parametrize("unit", ["bpe", "unigram"])
def test_subwords_take_the_size_they_were_given(unit):
    words = [str(k * k * 7919 % 99991) for k in range(3000)]
    texts = [" ".join(words[i : i + 9]) for i in range(0, 3000, 9)]
    assert len(TextEncoder.train(unit, texts, max_size=300)) == 300


def test_what_makes_no_vocabulary():
    with pytest.raises(UserError, match="did you mean: char"):
        TextEncoder.train("chars", CORPUS)
    with pytest.raises(UserError, match="bpe needs the size"):
        TextEncoder.train("bpe", CORPUS)
    with pytest.raises(UserError, match="4 tokens .* is empty"):
        TextEncoder.train("word", CORPUS, max_size=4)


@pytest.mark.parametrize("unit", ["bpe", "unigram"])
def test_every_training_of_subwords_gives_the_same(unit):
    code = (
        "import hashlib, json, sys; from rnnbench.data.text.encoder import TextEncoder;"
        "words = [str(k * k * 7919 % 99991) for k in range(3000)];"
        "texts = [' '.join(words[i:i + 9]) for i in range(0, 3000, 9)];"
        "state = TextEncoder.train(sys.argv[1], texts, max_size=300).state();"
        "print(hashlib.sha256(json.dumps(state).encode()).hexdigest())"
    )
    # In processes of their own: the library's order of summation is another one in each.
    found = {
        subprocess.run([sys.executable, "-c", code, unit], capture_output=True, check=True).stdout for _ in range(3)
    }
    assert len(found) == 1


# English


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's good, isn't it?", "It 's good , is n't it ?"),
        ("I can't, won't and don’t...", "I ca n't , wo n't and do n’t ..."),
        ("They'll've said 'well-known' (U.S.) things.", "They 'll 've said ' well-known ' ( U.S. ) things ."),
        ("$1,000.50 or 3.5%", "$ 1,000.50 or 3.5 %"),
        ("Zwei junge weiße Männer!", "Zwei junge weiße Männer !"),
        ("", ""),
    ],
)
def test_english_words(text, words):
    assert english_words(text) == words.split()


def test_words_that_were_split_already_stay():
    words = "it 's not that they do n't , wo n't or ca n't ... it 's 1,000 -- well"
    assert " ".join(english_words(words)) == words.replace("--", "- -")


@given(TEXT)
def test_nothing_but_white_space_is_lost(text):
    assert "".join(english_words(text)) == "".join(text.split())


# Vocabulary and labels


def test_no_text_is_a_special_token_but_unknown():
    vocabulary = Vocabulary.train([["a", PAD, END, UNKNOWN]])
    assert vocabulary.tokens == [*SPECIALS, "a"]
    assert vocabulary.encode([PAD, BEGIN, END, UNKNOWN, "a"]).tolist() == [1, 1, 1, 1, 4]
    assert vocabulary.decode([2, 4, 1, 3, 0]) == ["a", UNKNOWN]


def test_ranking_knows_no_order_of_reading():
    assert ranked({"b": 2, "a": 2, "c": 3, "d": 1}, without="c", min_count=2) == ["a", "b"]


def test_labels():
    labels = Labels.train(["positive", "negative", "positive"])
    assert labels.names == ["negative", "positive"]
    assert labels.encode(["positive", "negative"], where="x").tolist() == [1, 0]
    with pytest.raises(UserError, match=r"test split\nthe label 'positiv' does not occur in training") as caught:
        labels.encode(["positiv"], where="test split")
    assert caught.value.hint == "did you mean: positive"
