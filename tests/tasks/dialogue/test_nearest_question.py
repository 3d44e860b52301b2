"""The nearest question against scikit-learn's TF-IDF."""

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer

from rnnbench.bench.training_step import instantiate
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.decode.sample import Sampling
from rnnbench.tasks.dialogue.data import encode_context
from rnnbench.tasks.dialogue.turns import as_context

TINY = ["dialogue/builtin_retrieval", "--data.source.train=20", "--data.source.held_out=5"]


@pytest.fixture(scope="module")
def counted():
    model, data = instantiate(TINY)
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "data", property(lambda _: data))
        for name, table in model.count_split().items():
            model.register_buffer(name, table)
    return model.eval(), data


def test_similarities_are_those_of_scikit_learn(counted):
    model, data = counted
    train, held_out = data.splits["train"], data.splits["validation"]

    def texts(read):
        sources = (read.sources[i].tolist() for i in range(len(read.lengths)))
        return [" ".join(str(token) for token in source if token >= len(SPECIALS)) for source in sources]

    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+")
    wanted = vectorizer.fit_transform(texts(train))
    queries = vectorizer.transform(texts(held_out))
    for number in range(len(held_out.lengths)):
        found = model.similarities(held_out.sources[number]).numpy()
        np.testing.assert_allclose(found, (wanted @ queries[number].T).toarray()[:, 0], atol=1e-12)


def test_a_question_of_training_gets_its_reply(counted):
    model, data = counted
    pair = data.pairs("train")[3]
    same = [one.target for one in data.pairs("train") if one.source == pair.source]
    assert "".join(model.reply(pair.source, Sampling())) in same


def test_what_shares_no_word_gets_the_first_reply(counted):
    model, data = counted
    nothing = as_context(["zzz qqq"])
    assert not model.similarities(encode_context(model.words, nothing, 1)).any()
    assert "".join(model.reply(nothing, Sampling())) == data.pairs("train")[0].target


def test_before_it_has_counted_it_says_nothing():
    model, data = instantiate(TINY)
    data.setup("fit")
    model.use_spec(data.spec)
    assert list(model.reply(as_context(["hello"]), Sampling())) == [""]
    assert torch.numel(model.idf) == 0
