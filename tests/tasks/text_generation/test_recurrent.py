"""What the recurrent language model adds to its backbone: dropped words, penalties, initialisation."""

from collections import Counter
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU
from rnnbench.data.batches.batch import StripBatch
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.tasks.text_generation import LanguageModel


def model(level="char", **options) -> LanguageModel:
    torch.manual_seed(0)
    one = LanguageModel(partial(Backbone, cell=GRU, hidden_size=8), embedding_size=6, **options)
    one.use_spec(Tokenizer.train(level, ["to be or not to be, that is the question"], None).state())
    one.log = lambda *arguments, **keywords: None  # there is no trainer
    return one


MODELS = {level: model(level) for level in ("char", "byte", "word", "english")}


def window(rows=3, steps=12) -> StripBatch:
    torch.manual_seed(1)
    tokens = torch.randint(0, 10, (rows, steps + 1))
    fields = {"x": tokens[:, :-1], "y": tokens[:, 1:], "starts": torch.ones(rows, dtype=torch.bool)}
    return StripBatch(**fields, tokens=rows * steps, place=0)


def test_dropped_words_are_dropped_wherever_they_stand():
    one = model(embedding_dropout=0.5)
    tokens = torch.arange(10).repeat(4, 20)
    vectors = one._embed(tokens)
    dropped = (vectors == 0).all(-1)
    assert torch.equal(dropped, dropped[:1, :10].repeat(4, 20))
    assert 0 < dropped.sum() < dropped.numel()
    torch.testing.assert_close(vectors[~dropped], 2 * one.embedding(tokens)[~dropped])
    assert torch.equal(one.eval()._embed(tokens), one.embedding(tokens))


@pytest.mark.parametrize(
    ("level", "pieces"),
    [
        ("char", ["T", "o", " ", "é", "\n", "b", "e"]),
        ("byte", ["T", "o", " ", "", "é", "\n", "b", "e"]),
        ("word", ["To ", "é\n", "be"]),
        ("english", ["To ", "é\n", "be"]),
    ],
)
def test_the_pieces_that_it_reads_make_the_text_again(level, pieces):
    assert model(level).read_text("To é\nbe") == pieces


@given(st.lists(st.integers(0, 7), max_size=30), st.sampled_from(["char", "byte", "word", "english"]))
def test_pieces_that_are_written_are_the_text_of_all_tokens(numbers, level):
    """Characters of several bytes come once they are whole; bytes that are none are told with the next one."""
    one = MODELS[level]
    end = one.tokenizer.end
    ids = [
        end,
        *(one.tokenizer.encode("to é\nbe\n") if level != "byte" else [0xC3, 0xA9, 0x61, 0xE2, 0x82, 0xAC, 0xFF]),
    ]
    tokens = [int(ids[number % len(ids)]) for number in numbers]
    with patch("rnnbench.tasks.text_generation.model.sample", lambda *_: iter(tokens)):
        written = "".join(one.write("", Sampling()))
    whole = one.tokenizer.decode(tokens)
    assert whole.startswith(written)
    assert set(whole[len(written) :]) <= {"\ufffd"}


def test_penalties_are_those_of_the_equations():
    batch = window()
    plain, both = model(), model(activation_penalty=2.0, temporal_penalty=1.5)
    hidden, _ = both.backbone(both.embedding(batch.x))
    expected = 2.0 * (hidden**2).mean() + 1.5 * ((hidden[:, 1:] - hidden[:, :-1]) ** 2).mean()
    loss, penalised = plain.training_step(batch, 0), both.training_step(batch, 0)
    torch.testing.assert_close(penalised - loss, expected)
    assert both.penalty() is None, "used once"
    assert torch.equal(both.eval().nats(batch, both.initial_state(3))[0], plain.nats(batch, plain.initial_state(3))[0])
    assert both.penalty() is None, "none in evaluation"


def test_the_activation_penalty_sees_what_is_dropped_and_the_temporal_one_does_not():
    batch = window()
    for name, sees in (("activation_penalty", True), ("temporal_penalty", False)):
        one = model(dropout=0.5, **{name: 1.0})
        one._embed = lambda tokens, one=one: one.embedding(tokens)
        values = []
        for seed in (0, 1):
            torch.manual_seed(seed)
            one.training_step(batch, 0)
            torch.manual_seed(seed)
            one(batch.x, one.initial_state(3))
            values.append(one.penalty())
        assert (not torch.equal(*values)) == sees


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding_dropout": 1.0}, r"model.embedding_dropout\nmust be in \[0, 1\), found 1.0"),
        ({"activation_penalty": -1.0}, "model.activation_penalty\nmust be 0 or more"),
        ({"temporal_penalty": -1.0}, "model.temporal_penalty\nmust be 0 or more"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        LanguageModel(**options)


def test_one_initialisation_only():
    factory = partial(Backbone, hidden_size=8, recurrent_init="orthogonal")
    spec = Tokenizer.train("char", ["to be"], None).state()
    with pytest.raises(UserError, match="recurrent_init 'orthogonal' would be lost"):
        LanguageModel(factory, init_range=0.1).use_spec(spec)


def test_the_range_leaves_layer_norms_open():
    one = LanguageModel(partial(Backbone, hidden_size=8, layer_norm=True), init_range=0.05)
    one.use_spec(Tokenizer.train("char", ["to be"], None).state())
    assert torch.equal(one.backbone.norms[0].weight, torch.ones(8))
    others = [value for name, value in one.named_parameters() if "norms" not in name]
    assert all(value.abs().max() <= 0.05 for value in others)


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.5, top_k=3), Sampling(top_p=0.4)])
def test_what_follows_is_drawn_as_often_as_it_says(sampling):
    """Against a thousand first characters that are written."""
    one = model().eval()
    one.output.weight.data *= 4  # a model that has an opinion
    following = one.following("to b", sampling, 50)
    assert sum(following.values()) == pytest.approx(1)
    assert list(following.values()) == sorted(following.values(), reverse=True)
    assert one.tokenizer.tokens[one.tokenizer.unknown] not in following
    assert one.following("to b", sampling, 2) == dict(list(following.items())[:2])
    drawn = Counter(next(one.write("to b", replace(sampling, seed=seed, length=1))) for seed in range(1000))
    shown = {token: one.tokenizer.decode([one.tokenizer.tokens.index(token)]) for token in following}
    assert set(drawn) <= set(shown.values())
    for token, probability in following.items():
        assert drawn[shown[token]] / 1000 == pytest.approx(probability, abs=4 * (probability / 1000) ** 0.5 + 1e-9)


def test_the_coldest_choice_is_the_only_one():
    one = model().eval()
    [(token, probability)] = one.following("to b", Sampling(temperature=0), 5).items()
    assert probability == 1
    assert next(one.write("to b", Sampling(temperature=0, length=1))) == token
