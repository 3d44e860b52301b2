"""What a model has never seen counts against it, stands in the signature, and is told before it predicts."""

import argparse
import math
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.tokens import TokenEncoder
from rnnbench.decode.beam import Beam
from rnnbench.tasks.base import Items
from rnnbench.tasks.captioning.model import CaptionModel
from rnnbench.tasks.labelling import predict as labelling
from rnnbench.tasks.sentiment import predict as sentiment
from rnnbench.tasks.text_generation import predict as text_generation
from rnnbench.tasks.translation import predict as translation
from rnnbench.tasks.translation.metrics import translation_metrics
from rnnbench.tasks.translation.model import TranslationModel

REFERENCES = ["a cat sat", "the dog ran"]
UNICODE = 0x110000 - 0x800


def items(nats: list[float], tokens: list[int]) -> Items:
    values = torch.tensor([[n, t, *[0] * 6] for n, t in zip(nats, tokens, strict=True)], dtype=torch.float64)
    return Items(list(range(len(nats))), values, ["", ""])


def test_per_character_an_unknown_word_costs_what_spelling_it_blindly_does():
    found = translation_metrics(items([2.0, 3.0], [4, 4]), REFERENCES, "en", unknown=["cat"])
    spelled = 4 * math.log(UNICODE)
    assert found["character_perplexity"] == pytest.approx(math.exp((5.0 + spelled) / (10 + 12)))
    assert found["perplexity"] == pytest.approx(math.exp(5 / 8))


@given(st.integers(0, 6), st.floats(0, 8))
def test_the_less_a_vocabulary_knows_the_worse_it_is_per_character(forgotten, nats_of_a_word):
    """Be the forgotten words ever so easy to guess once they all are ``<unk>``."""
    words = " ".join(REFERENCES).split()

    def perplexity(unknown: list[str]) -> float:
        nats = nats_of_a_word * (len(words) - len(unknown))
        return translation_metrics(items([nats, 0.0], [4, 4]), REFERENCES, "en", unknown=unknown)[
            "character_perplexity"
        ]

    assert perplexity(words[:forgotten]) >= perplexity([])


def measured(kept: list[str]) -> dict[str, str]:
    """The signatures of a translation model that was trained on some words."""
    encoder = TextEncoder.train("word", kept, min_count=1, max_size=None)
    model = SimpleNamespace(
        corpus=SimpleNamespace(compute=lambda: items([2.0, 3.0], [4, 4])),
        data=SimpleNamespace(pairs=lambda split: [SimpleNamespace(target=text) for text in REFERENCES]),
        target_encoder=encoder,
        search_of=lambda split: Beam(1),
        _scored_as=lambda: ("en", False),
    )
    return TranslationModel.measure(model, "test").signatures


def test_the_signature_of_a_likelihood_of_translations_says_what_was_unknown():
    whole, part = measured(REFERENCES), measured(["a sat the ran"])
    assert "unknown" not in whole["perplexity"] + whole["character_perplexity"]
    assert part["perplexity"].endswith("|unknown:2")
    assert part["character_perplexity"].endswith("|unknown:spelled")
    assert whole["bleu"] == part["bleu"], "a wrong word is wrong whatever the vocabulary"


@pytest.mark.parametrize("unknown", [0, 3])
def test_the_signature_of_a_likelihood_of_captions_says_what_was_unknown(unknown):
    images = SimpleNamespace(images=[SimpleNamespace(part=None)] * 2, unknown=lambda ids: unknown)
    model = SimpleNamespace(
        corpus=SimpleNamespace(compute=lambda: items([2.0, 3.0], [4, 4])),
        data=SimpleNamespace(splits={"test": images}),
        _measure=lambda some, split, part: ({"perplexity": 2.0, "bleu_4": 30.0}, "images:2"),
    )
    signatures = CaptionModel.measure(model, "test").signatures
    assert signatures["perplexity"] == "images:2" + (f"|unknown:{unknown}" if unknown else "")
    assert "unknown" not in signatures["bleu_4"]


def tagger(sentences: list[list[str]]) -> SimpleNamespace:
    encoder = TokenEncoder.train(sentences, lowercase=False, zero_digits=False, min_count=1, bigram_min_count=None)
    return SimpleNamespace(encoder=encoder)


def test_a_few_long_tokens_leave_data_in_characters(capsys):
    """Real data in characters: 284 tokens of 73,778 are links and emoji."""
    sentences = [list("他在北京工作")] * 50
    model = tagger([*sentences, ["http://t.cn/x", "他"]])
    assert model.encoder.of_characters
    assert (
        "1 of 302 tokens have several characters: text will be read character by character" in capsys.readouterr().err
    )
    assert labelling.warnings(model, [("他在北京", "a.txt, line 1")], argparse.Namespace()) == []
    assert not tagger([["the", "cat"], ["a", "dog"]]).encoder.of_characters


@pytest.mark.parametrize(
    ("sentences", "text", "how"),
    [
        ([list("他在北京工作")], "hello", "character by character"),
        ([["the", "cat"]], "他在北京工作", "by the spaces between words"),
    ],
)
def test_a_tagger_says_how_it_reads_a_line_of_which_it_knows_nothing(sentences, text, how):
    said = labelling.warnings(tagger(sentences), [(text, "a.txt, line 3"), ("", "a.txt, line 4")], argparse.Namespace())
    assert said[0] == f"a.txt, line 3: none of it is in the vocabulary; the model reads text {how}"
    assert not any("line 4" in line for line in said), "an empty line is no text"


@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_a_line_that_nothing_is_known_of_is_told_in_every_application(unit):
    sizes = {"word": {"max_size": None, "min_count": 1}, "bpe": {"max_size": 40, "min_count": 1}}
    encoder = TextEncoder.train(unit, ["the cat sat on the mat", "the dog ran"], **sizes[unit])
    lines = [("the cat", "line 1"), ("Щука", "line 2"), ("   ", "line 3")]
    options = argparse.Namespace(color=False, html=None)
    of_classes = sentiment.warnings(SimpleNamespace(encoder=encoder, max_length=None), lines, options)
    assert of_classes == ["line 2: none of its words is in the vocabulary", "line 3: no words in it, so no class"]
    of_translations = translation.warnings(SimpleNamespace(source_encoder=encoder), lines, options)
    assert of_translations[0] == "line 2: none of it is in the vocabulary"
    assert not any(line.startswith(("line 1", "line 3")) for line in of_translations)


def test_a_prompt_that_nothing_is_known_of_is_told():
    from rnnbench.data.text.tokenizer import Tokenizer

    model = SimpleNamespace(tokenizer=Tokenizer.train("char", ["the cat"], None))
    said = text_generation.warnings(model, [], argparse.Namespace(prompt="Щука"))
    assert len(said) == 1
    assert said[0].startswith("--prompt: all of it is not in the vocabulary, read as <unk>: ")
    assert text_generation.warnings(model, [], argparse.Namespace(prompt="the cat")) == []
