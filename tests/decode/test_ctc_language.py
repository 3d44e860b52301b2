"""Language models in the search, against every path and every text."""

import math
from math import inf

import numpy as np
import pytest
from ctc_paths import log_probs, plain_search, texts
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.ctc import BeamSearch, beam_search
from rnnbench.decode.language import NGramFusion, Outlook, WordFusion, read_arpa
from rnnbench.errors import UserError

EXACT = {"beam_size": 10_000, "threshold": inf, "label_threshold": inf}


class Table:
    """What a token adds depends on the token before; the state is how many tokens there are and the last."""

    def __init__(self, table):
        self.table = np.asarray(table)
        self.most = float(np.max(self.table[self.table < inf], initial=0.0))
        self.asked = 0

    def start(self):
        return self.look((0, 0))

    def look(self, state):
        self.asked += 1
        return Outlook(state, self.table[state[1]] / (1 + state[0] % 2))

    def after(self, states, tokens):
        return [self.look((length + 1, token)) for (length, _), token in zip(states, tokens, strict=True)]

    def end(self, state):
        return -0.25 * state[0]

    def of(self, text):
        before, total = 0, self.end((len(text), 0))
        for length, token in enumerate(text):
            total += self.table[before][token] / (1 + length % 2)
            before = token
        return total


tables = st.lists(st.sampled_from([-inf, -2.0, -0.5, 0.0, 0.75]), min_size=16, max_size=16).map(
    lambda entries: np.reshape(entries, (4, 4))
)


@given(log_probs(), tables)
def test_a_wide_beam_is_exact(frames, table):
    lm = Table(table)
    expected = {text: np.log(p) + lm.of(text) for text, p in texts(frames).items() if lm.of(text) > -inf}
    found = {tuple(h.tokens): h for h in beam_search(frames, **EXACT, lm=lm)}
    assert found.keys() == expected.keys()
    for text, hypothesis in found.items():
        assert hypothesis.score == pytest.approx(expected[text], abs=1e-9)
        assert hypothesis.language == pytest.approx(lm.of(text), abs=1e-9)
        assert hypothesis.score == pytest.approx(hypothesis.acoustic + hypothesis.language, abs=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 20), st.sampled_from([1.0, 4.0, inf]))
def test_a_narrow_beam_keeps_what_the_equations_keep(seed, beam_size, threshold):
    generator = np.random.default_rng(seed)
    frames = generator.normal(size=(12, 4))
    lm = Table(np.where(generator.random((4, 4)) < 0.2, -inf, generator.normal(size=(4, 4))))
    expected = plain_search(frames, beam_size, threshold, lm=lambda text: lm.of(text) - lm.end((len(text), 0)))
    found = {
        tuple(h.tokens): h.score for h in beam_search(frames, beam_size, lm, threshold=threshold, label_threshold=inf)
    }
    assert found == pytest.approx({text: score + lm.end((len(text), 0)) for text, score in expected.items()}, abs=1e-9)


def test_states_are_kept_for_the_prefixes_in_the_beam_only():
    search = BeamSearch(8, lm=Table(np.zeros((4, 4))))
    search.feed(np.random.default_rng(1).normal(scale=3, size=(500, 4)))
    prefix = search._beam[0]
    others = 0
    while prefix := prefix.parent:
        assert prefix.kept or (prefix.state is None and prefix.added is None)
        others += not prefix.kept
    assert others > 50


@given(log_probs(most_frames=12), tables, st.integers(1, 5), st.integers(0, 12))
def test_chunks_do_not_change_the_result(frames, table, beam_size, cut):
    search = BeamSearch(beam_size, lm=Table(table))
    search.feed(frames[:cut])
    search.finish()  # a look at what there is so far
    search.feed(frames[cut:])
    assert search.finish() == beam_search(frames, beam_size, lm=Table(table))


def test_only_prefixes_that_grow_are_shown_to_the_model():
    frames = np.log(np.array([[0.98, 0.01, 0.01]] * 50 + [[0.01, 0.98, 0.01]]))
    lm = Table(np.zeros((4, 4)))
    assert beam_search(frames, 2, lm=lm)[0].tokens == [1]
    assert lm.asked < 10


LABELS = ["", " ", "a", "b"]

WORDS = r"""
\data\
ngram 1=6
ngram 2=3

\1-grams:
-1.5	<unk>
-99	<s>	-0.5
-0.8	</s>
-0.6	a	-0.25
-0.7	ab	-0.125
-0.9	c

\2-grams:
-0.3	<s> a
-0.4	a ab
-0.45	ab </s>

\end\
"""

CHARACTERS = r"""
\data\
ngram 1=5
ngram 2=3

\1-grams:
-99	<s>	-0.5
-0.8	</s>
-0.6	a	-0.25
-0.7	b
-0.9	<space>	-0.3

\2-grams:
-0.3	<s> a
-0.4	a b
-0.45	b <space>

\end\
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "words.arpa"
    path.write_text(WORDS, encoding="utf-8")
    return read_arpa(path)


@pytest.fixture(scope="module")
def characters(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "characters.arpa"
    path.write_text(CHARACTERS, encoding="utf-8")
    return read_arpa(path)


def sentence(model, tokens):
    """Log-probability of a sentence."""
    state, total = model.start(), 0.0
    for token in tokens:
        total += model.score(state, token)
        state = model.advance(state, token)
    return total + model.end(state)


@given(log_probs(labels=4))
def test_characters_are_exact(characters, frames):
    lm = NGramFusion(characters, LABELS, alpha=0.7, beta=0.3)
    found = {tuple(h.tokens): h.score for h in beam_search(frames, **EXACT, lm=lm)}
    for text, probability in texts(frames).items():
        names = ["<space>" if token == 1 else LABELS[token] for token in text]
        expected = np.log(probability) + 0.7 * sentence(characters, names) + 0.3 * len(text)
        assert found.pop(text) == pytest.approx(expected, abs=1e-9)
    assert not found


@given(log_probs(labels=4), st.sampled_from([None, -3.0]), st.sampled_from([["a", "ab", "c"], ["ab", "c", "b"]]))
def test_words_are_exact(words, frames, unknown, lexicon):
    lm = WordFusion(words, LABELS, lexicon=lexicon, unknown=unknown, alpha=0.7, beta=0.3)
    assert lm.unspelled == [word for word in lexicon if word in "bc"]
    found = {tuple(h.tokens): h.score for h in beam_search(frames, **EXACT, lm=lm)}
    for text, probability in texts(frames).items():
        spoken = "".join(LABELS[token] for token in text).split()
        outside = [word for word in spoken if word not in {"a", "ab"}.intersection(lexicon)]
        if outside and unknown is None:
            assert text not in found
            continue
        state, total = words.start(), 0.3 * len(spoken)
        for word in spoken:
            total += 0.7 * (unknown if word in outside else words.score(state, word))
            state = words.advance(state, word)
        total += 0.7 * words.end(state)
        assert found.pop(text) == pytest.approx(np.log(probability) + total, abs=1e-9)
    assert not found


def test_a_word_outside_pays_at_the_letter_that_leaves_the_tree(words):
    lm = WordFusion(words, LABELS, unknown=-3.0)
    start = lm.start()
    assert start.tokens.tolist()[1:] == [0.0, 0.0, -3.0]
    (after_b,) = lm.after([start.state], [3])
    assert after_b.tokens.tolist()[1:] == [0.0, 0.0, 0.0]


def test_a_word_that_is_only_begun_cannot_end(words):
    lm = WordFusion(words, LABELS, lexicon=["ab"])
    frames = np.log([[0.02, 0.02, 0.95, 0.01]])
    assert [h.tokens for h in beam_search(frames, 16, lm=lm)] == [[], [1]]


def test_the_language_model_decides_between_what_sounds_alike(words):
    frames = np.log([[0.1, 0.1, 0.4, 0.4], [0.2, 0.6, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1], [0.1, 0.1, 0.3, 0.5]])
    assert beam_search(frames, 16, lm=WordFusion(words, LABELS))[0].tokens == [2, 1, 2, 3]


def test_models_that_do_not_fit(words, characters):
    with pytest.raises(UserError, match="no word of the language model can be spelled"):
        WordFusion(words, ["", " ", "A", "B"])
    with pytest.raises(UserError, match="the labels have no space"):
        WordFusion(words, ["", "a", "b"])
    with pytest.raises(UserError, match="at most 0; found 2"):
        WordFusion(words, LABELS, unknown=2.0)
    with pytest.raises(UserError, match="knows none of the labels A B"):
        NGramFusion(characters, ["", "A", "B"])
    with pytest.raises(ValueError, match="alpha must be 0 or more"):
        NGramFusion(characters, LABELS, alpha=-1.0)


def test_a_label_that_the_model_does_not_know_is_impossible_without_unk(characters, words):
    lm = NGramFusion(characters, ["", "a", "q"])
    assert lm.missing == ["q"]
    assert lm.start().tokens[2] == -inf
    with_unk = NGramFusion(words, ["", "a", "q"])
    assert with_unk.start().tokens[2] == pytest.approx((-0.5 - 1.5) * math.log(10))
