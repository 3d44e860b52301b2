"""What word vectors are held against reads the same text with the same options, and comes to the same."""

import numpy as np
import pytest
import torch

from rnnbench.bench.gensim_word2vec import gensim_of, sentences_of
from rnnbench.bench.training_step import instantiate
from rnnbench.embeddings import native
from rnnbench.embeddings.draws import Draws
from rnnbench.embeddings.huffman import Codes
from rnnbench.tasks.word_vectors.lookup import Lookup
from rnnbench.tasks.word_vectors.metrics import spearman

EPOCHS = 10
VARIANTS = [(a, o) for a in ("skip_gram", "cbow") for o in ("NegativeSampling", "HierarchicalSoftmax")]


def read(architecture="skip_gram", output="NegativeSampling"):
    options = [f"--model.architecture={architecture}", f"--model.output=rnnbench.tasks.word_vectors.{output}"]
    sizes = ["--data.source.train=3000", "--data.source.held_out=50", "--model.learning_rate=0.05"]
    model, data = instantiate(["word_vectors/builtin", *sizes, *options])
    data.setup("fit")
    data.setup("test")
    return model, data


def test_gensim_reads_the_words_that_ours_read():
    pytest.importorskip("gensim")
    model, data = read()
    sentences = sentences_of(data)
    assert sentences[0] == data.source.rows("train")[0]["text"].split()
    assert sum(map(len, sentences)) == sum(data.counts)
    theirs = gensim_of(model, data, 1)
    assert (theirs.vector_size, theirs.window, theirs.negative, theirs.sg, theirs.hs) == (32, 5, 5, 1, 0)
    counts = {word: theirs.wv.get_vecattr(word, "count") for word in theirs.wv.index_to_key}
    assert counts == {word: count for word, count in zip(data.tokenizer.tokens, data.counts, strict=True) if count}


def tree_of(theirs, data):
    """The tree of gensim, which takes words of equal counts in another order."""
    points, codes, offsets = [], [], [0]
    for word, count in zip(data.tokenizer.tokens, data.counts, strict=True):
        points += theirs.wv.get_vecattr(word, "point").tolist() if count else []
        codes += theirs.wv.get_vecattr(word, "code").tolist() if count else []
        offsets.append(len(codes))
    return Codes(np.array(offsets, np.int64), np.array(points, np.int32), np.array(codes, np.int8))


def trained(model, data, seed):
    """The vectors of ours after all epochs."""
    torch.manual_seed(seed)
    model.spec = None
    model.use_spec(data.spec)
    tokens = data.streams["train"].tokens[:]
    for epoch in range(EPOCHS):

        def rate(place, epoch=epoch):
            return model.learning_rate * (1 - (epoch + place / len(tokens)) / EPOCHS)

        native.learn(model.network, tokens, 0, Draws.of(seed, epoch), rate)
    return model.lookup()


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "output"), VARIANTS)
def test_both_come_to_the_same_similarities(architecture, output, monkeypatch):
    pytest.importorskip("gensim")
    model, data = read(architecture, output)
    if output == "HierarchicalSoftmax":
        tree = tree_of(gensim_of(model, data, EPOCHS), data)
        monkeypatch.setattr("rnnbench.embeddings.outputs.huffman_codes", lambda counts: tree)
    sentences, pairs = sentences_of(data), data.benchmarks.pairs["similarity"]
    ours, theirs = [], []
    for seed in range(1, 6):
        ours.append(spearman(pairs, trained(model, data, seed)).value)
        other = gensim_of(model, data, EPOCHS, seed)
        other.train(sentences, total_examples=len(sentences), epochs=EPOCHS)
        theirs.append(spearman(pairs, Lookup(other.wv.index_to_key, torch.from_numpy(other.wv.vectors))).value)
    noise = np.hypot(np.std(ours, ddof=1), np.std(theirs, ddof=1))
    # Of five seeds the spread itself is not known better than by half.
    assert abs(np.mean(ours) - np.mean(theirs)) < 3 * noise + 0.001
