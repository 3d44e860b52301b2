"""Metrics of replies against their definitions."""

import math

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU

from rnnbench.data.text.vectors import Vectors
from rnnbench.tasks.base.texts import distinct
from rnnbench.tasks.dialogue.metrics import CorpusReplies, ReplyScorer

TRAINING = ["It is warm.", "it is cold !", "tea or coffee ?", "tea is warm and coffee is warm"]


def test_distinct_by_hand():
    assert distinct([["a", "b", "a"], ["a", "b"]], 1) == 2 / 5
    assert distinct([["a", "b", "a"], ["a", "b"]], 2) == 2 / 3
    assert distinct([["a"]], 2) == 0


def test_words_are_those_of_the_language_whatever_a_token_is():
    assert ReplyScorer("en", TRAINING).words("It's  WARM.") == ["it", "'", "s", "warm", "."]
    assert ReplyScorer("zh", ["你 好"]).words("你 好 OK") == ["你", "好", "o", "k"]


def test_what_is_measured_of_replies():
    scorer = ReplyScorer("en", TRAINING)
    replies, given = ["it is warm .", "Tea!", "nothing known"], ["It is warm.", "coffee", "tea"]
    found = scorer.scores(replies, given)
    assert found["bleu"] == BLEU(lowercase=True).corpus_score(replies, [given]).score
    assert found["distinct_1"] == 1.0
    assert found["novel"] == 2 / 3
    assert found["reply_length"] == (4 + 2 + 2) / 3
    nearness = [scorer.similarity(scorer.words(a), scorer.words(b)) for a, b in zip(replies, given, strict=True)]
    assert nearness[0] == pytest.approx(1)
    assert nearness[2] == 0, "no word of it has a vector"
    assert found["embedding_average"] == pytest.approx(sum(nearness) / 3)
    assert scorer.scores(replies, given) == ReplyScorer("en", TRAINING).scores(replies, given)


def test_embedding_average_by_its_definition():
    scorer = ReplyScorer("en", TRAINING)
    values = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    scorer.take(Vectors("some/vectors.txt", ["tea", "warm", "cold"], values, torch.tensor([True, True, False])))
    mean = (values[0].double() + values[1].double()) / 2
    wanted = torch.nn.functional.cosine_similarity(mean, values[1].double(), dim=0)
    assert scorer.similarity(["tea", "warm", "cold"], ["warm"]) == pytest.approx(float(wanted), rel=1e-9)
    assert scorer.similarity(["cold"], ["warm"]) == 0
    assert scorer.vectors_name == "vectors.txt"


def test_words_that_stand_in_like_company_are_near():
    texts = ["the tea is hot", "the coffee is hot", "a dog barks", "a cat barks"] * 3
    scorer = ReplyScorer("en", texts)
    assert scorer.similarity(["tea"], ["coffee"]) > 0.9 > scorer.similarity(["tea"], ["dog"])


def test_texts_without_two_words_have_no_vectors():
    assert ReplyScorer("en", ["yes", "no"]).scores(["yes"], ["yes"])["embedding_average"] == 0


def test_batches_and_their_order_leave_no_trace():
    nats, tokens = torch.rand(5, generator=torch.Generator().manual_seed(1)), torch.arange(1, 6)
    texts = [f"reply {i} ü" for i in range(5)]

    def entered(parts):
        metric = CorpusReplies()
        for part in parts:
            metric.update(torch.tensor(part), nats[part], tokens[part], [texts[i] for i in part])
        return metric.compute()

    whole, apart = entered([[0, 1, 2, 3, 4]]), entered([[4, 2], [0], [3, 1]])
    assert whole.texts == apart.texts == texts
    assert torch.equal(whole.values, apart.values)
    assert math.fsum(whole.values[:, 1].tolist()) == 15
    assert np.isfinite(whole.values.numpy()).all()
