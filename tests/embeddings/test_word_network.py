"""CBOW and skip-gram: windows by brute force, gradients by the closed forms, native code against the definition."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.embeddings import native, network
from rnnbench.embeddings.draws import Draws, below, threshold, upper
from rnnbench.embeddings.network import WordNetwork
from rnnbench.embeddings.outputs import HierarchicalSoftmax, NegativeSampling
from rnnbench.embeddings.subwords import Subwords
from rnnbench.embeddings.windows import PIECE, SUBSAMPLING, WIDTH, Reading, subsampling, windows_of

UNKNOWN, END = 0, 1
COUNTS = [0, 0, *(2000 // (rank + 1) for rank in range(28))]
WORDS = [f"{first}{second}o" for first, second in itertools.product("abcde", "uvwxyz")]
DRAWS = Draws.of(5, 1)


def text(length, seed=0):
    draw = np.random.default_rng(seed)
    tokens = draw.choice(len(COUNTS), size=length, p=np.array(COUNTS) / sum(COUNTS))
    tokens[draw.random(length) < 0.05] = END
    tokens[draw.random(length) < 0.05] = UNKNOWN
    return tokens


def made(
    bag, output=NegativeSampling, subwords=None, corrected=False, sample=1e-2, window=3, size=10, dtype=torch.float64
):
    torch.manual_seed(2)
    reading = Reading(window, subsampling(COUNTS, sample), END, UNKNOWN)
    found = WordNetwork(WORDS, size, reading, output(COUNTS, size), bag, subwords, corrected)
    torch.nn.init.normal_(found.output.weight, std=0.3)
    return found.to(dtype)


def plain_windows(tokens, place, reading, draws):
    """Word after word, as word2vec's program goes."""
    found, sentence = [], []

    def flush():
        for here, (word, where) in enumerate(sentence):
            width = 1 + int(below(draws(np.array([where]), WIDTH), reading.window)[0])
            around = [
                sentence[there][0] if 0 <= there < len(sentence) and abs(there - here) <= width else -1
                for there in range(here - reading.window, here + reading.window + 1)
                if there != here
            ]
            if max(around) >= 0:
                found.append((word, where, around))
        sentence.clear()

    for where, word in enumerate(tokens, start=place):
        if word == reading.end:
            flush()
        elif word != reading.unknown and upper(draws(np.array([where]), SUBSAMPLING))[0] <= reading.keep[word]:
            sentence.append((int(word), where))
    flush()
    return found


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(1, 6), st.sampled_from([0, 1e-2, 1e-1]), st.integers(0, 10**6))
def test_windows_are_those_of_the_plain_program(length, window, sample, seed):
    tokens, reading = text(length, seed), Reading(window, subsampling(COUNTS, sample), END, UNKNOWN)
    found = windows_of(tokens, 700, reading, DRAWS)
    listed = list(zip(found.words.tolist(), found.places.tolist(), found.contexts.tolist(), strict=True))
    assert listed == plain_windows(tokens.tolist(), 700, reading, DRAWS)


def test_frequent_words_are_kept_as_gensim_keeps_them():
    gensim = pytest.importorskip("gensim.models")
    model = gensim.Word2Vec(min_count=1, sample=1e-2)
    model.build_vocab_from_freq({word: count for word, count in zip(WORDS, COUNTS, strict=True) if count})
    ours = subsampling(COUNTS, 1e-2)
    for word, kept in zip(WORDS[2:], ours[2:], strict=True):
        assert model.wv.get_vecattr(word, "sample_int") == pytest.approx(int(kept), abs=2)
    assert (subsampling(COUNTS, 0) == threshold(np.ones(1))[0]).all()


def closed_form(found, tokens):
    """The gradients of the course, window by window, with both tables as they are."""
    of_inputs, of_outputs = np.zeros(found.weight.shape), np.zeros(found.output.weight.shape)
    inputs, outputs = found.weight.detach().numpy(), found.output.weight.detach().numpy()
    windows = windows_of(tokens, 0, found.reading, DRAWS)
    targets = found.output.targets(windows.words, windows.places, DRAWS)
    for context, rows, signs in zip(windows.contexts, targets.rows, targets.signs, strict=True):
        words = context[context >= 0]
        for group in [words] if found.bag else [[word] for word in words]:
            hidden = inputs[group].mean(0)
            for row, sign in zip(rows, signs, strict=True):
                if sign:
                    error = 1 / (1 + np.exp(-hidden @ outputs[row])) - (sign > 0)
                    of_outputs[row] += error * hidden
                    for word in group:
                        of_inputs[word] += error * outputs[row] / len(group)
    return of_inputs, of_outputs


@pytest.mark.parametrize("bag", [False, True])
@pytest.mark.parametrize("output", [NegativeSampling, HierarchicalSoftmax])
def test_gradients_are_the_closed_forms(bag, output):
    found = made(bag, output)
    tokens = text(120)
    windows = windows_of(tokens, 0, found.reading, DRAWS)
    rows = torch.from_numpy(output.targets(found.output, windows.words, windows.places, DRAWS).rows)
    loss = found.loss(windows, DRAWS, found.weight[found.inputs(windows).rows], found.output.weight[rows])
    loss.backward()
    for parameter, wanted in zip((found.weight, found.output.weight), closed_form(found, tokens), strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 30])
def test_probabilities_under_the_tree_sum_to_1(size):
    torch.manual_seed(0)
    tree = HierarchicalSoftmax(COUNTS[-size:], 4).double()
    torch.nn.init.normal_(tree.weight)
    logs = tree.log_probabilities(torch.randn(5, 4, dtype=torch.float64))
    assert logs.shape == (5, size)
    torch.testing.assert_close(logs.exp().sum(1), torch.ones(5, dtype=torch.float64))


def test_the_loss_of_a_tree_is_the_likelihood_of_the_word():
    found = made(bag=True, output=HierarchicalSoftmax)
    tokens = text(80)
    windows = windows_of(tokens, 0, found.reading, DRAWS)
    hidden = torch.stack([found.weight[row[row >= 0]].mean(0) for row in windows.contexts])
    nats = -found.output.log_probabilities(hidden)[torch.arange(len(hidden)), torch.from_numpy(windows.words)]
    lost = found.measure(tokens, 0, DRAWS)
    assert lost.total == pytest.approx(nats.sum().item(), rel=1e-12)
    assert lost.pairs == len(windows.words)


def test_noise_that_is_the_word_itself_counts_for_nothing():
    output = NegativeSampling([5, 5], 4, negatives=20)
    words = np.zeros(50, dtype=np.int64)
    targets = output.targets(words, np.arange(50), DRAWS)
    assert (targets.signs[:, 0] == 1).all()
    assert ((targets.signs[:, 1:] == 0) == (targets.rows[:, 1:] == 0)).all()
    assert set(np.unique(targets.signs[:, 1:])) == {-1, 0}


VARIANTS = list(
    itertools.product([False, True], [NegativeSampling, HierarchicalSoftmax], [None, Subwords(3, 4, 11)], [False, True])
)


@pytest.mark.parametrize(("bag", "output", "subwords", "corrected"), VARIANTS)
def test_native_code_takes_the_steps_of_the_definition(bag, output, subwords, corrected, monkeypatch):
    monkeypatch.setattr(network, "_AT_ONCE", 1)
    tokens = text(PIECE + 150)
    ours, theirs = (made(bag, output, subwords, corrected) for _ in range(2))
    assert native.refusal(theirs) is None
    first = ours.learn(tokens, 3 * PIECE, DRAWS, lambda place: 0.1 / place)
    second = native.learn(theirs, tokens, 3 * PIECE, DRAWS, lambda place: 0.1 / place)
    assert second.pairs == first.pairs > 0
    assert second.total == pytest.approx(first.total, rel=1e-12)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-10, atol=1e-13)
    assert not torch.equal(ours.output.weight, made(bag, output, subwords, corrected).output.weight)


def test_what_is_measured_is_what_is_lost_before_a_step():
    found = made(bag=False)
    lost = found.measure(text(400), 0, DRAWS)
    assert native.learn(found, text(400), 0, DRAWS, lambda place: 0.0) == pytest.approx(lost, rel=1e-12)


def test_the_same_bits_with_one_thread_and_the_same_windows_with_several():
    tokens = text(20 * PIECE)
    networks = [made(False, dtype=torch.float32) for _ in range(3)]
    lost = [
        native.learn(one, tokens, 0, DRAWS, lambda place: 0.025, threads)
        for one, threads in zip(networks, (1, 1, 3), strict=True)
    ]
    assert torch.equal(networks[0].weight, networks[1].weight)
    assert lost[0] == lost[1]
    assert lost[2].pairs == lost[0].pairs, "whatever the threads, the windows are the same"
    assert lost[2].total == pytest.approx(lost[0].total, rel=0.02)


@pytest.mark.parametrize("learn", [WordNetwork.learn, native.learn])
def test_a_stream_cut_elsewhere_is_learned_from_alike(learn):
    tokens = text(3 * PIECE)
    whole, parts = made(True), made(True)
    learn(whole, tokens, 0, DRAWS, lambda place: 0.05)
    for start, end in ((0, PIECE), (PIECE, 3 * PIECE)):
        learn(parts, tokens[start:end], start, DRAWS, lambda place: 0.05)
    assert torch.equal(whole.weight, parts.weight)


@pytest.mark.parametrize("bag", [False, True])
def test_text_of_nothing_teaches_nothing(bag):
    for tokens in (np.array([], dtype=np.int64), np.array([END, UNKNOWN, END]), np.array([5])):
        found = made(bag)
        before = found.weight.detach().clone()
        for learn in (WordNetwork.learn, native.learn):
            assert learn(found, tokens, 0, DRAWS, lambda place: 0.1) == (0.0, 0)
        assert found.measure(tokens, 0, DRAWS) == (0.0, 0)
        assert torch.equal(found.weight, before)


def test_strings_of_a_word_and_their_mean():
    strings = Subwords(3, 4, 11)
    assert strings.strings("cat") == ["<ca", "cat", "at>", "<cat", "cat>"]
    assert strings.strings("a") == []
    found = made(False, subwords=strings)
    rows = [WORDS.index("auo"), *(len(WORDS) + bucket for bucket in strings.buckets_of("auo"))]
    torch.testing.assert_close(found.vectors()[WORDS.index("auo")], found.weight.detach()[rows].mean(0))
