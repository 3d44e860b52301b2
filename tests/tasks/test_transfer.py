"""Weights of a trained model in a new one: by name, and their rows by what they stand for."""

import functools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data import Adding, Parity
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.data.text.spans import all_tags
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.data.text.tokens import TokenEncoder
from rnnbench.data.text.vocabulary import SPECIALS, Vocabulary
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.platform.fine_tuning import FineTuning
from rnnbench.results.record import Start
from rnnbench.tasks.base.transfer import layer_groups, summary, take
from rnnbench.tasks.labelling import Tagger
from rnnbench.tasks.long_range import LongRangeData, RecurrentModel
from rnnbench.tasks.sentiment import MajorityClassifier, RecurrentClassifier
from rnnbench.tasks.text_generation import LanguageModel

WORDS = ["a", "good", "film"]


def stack(cell=LSTM, hidden=4, layers=1, both=False):
    return functools.partial(Backbone, cell=cell, hidden_size=hidden, num_layers=layers, bidirectional=both)


def classifier(words=WORDS, labels=("bad", "good"), unit="word", width=3, **options):
    model = RecurrentClassifier(stack(**options), functools.partial(WordEmbedding, embedding_size=width))
    encoder = TextEncoder(unit, False, Vocabulary([*SPECIALS, *words]))
    model.use_spec({"encoder": encoder.state(), "labels": list(labels), "max_length": None})
    return model


def language_model(words=WORDS, level="word", **options):
    model = LanguageModel(stack(**options), embedding_size=3)
    model.use_spec(Tokenizer(level, ["<unk>", "<eos>", *words]).state())
    return model


def tagger(kinds):
    model = Tagger(stack(both=True), functools.partial(WordEmbedding, embedding_size=3))
    encoder = TokenEncoder(False, False, Vocabulary([*SPECIALS, *WORDS]), Vocabulary([*SPECIALS]), None)
    model.use_spec({"task": "entities", "scheme": "bio", "tags": all_tags(kinds, "bio"), "encoder": encoder.state()})
    return model


def weights(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_rows_go_by_their_words_and_new_ones_begin_at_the_mean(mine, theirs):
    target, source = classifier(mine), classifier(theirs)
    taken = take(target, source)
    here, there = [*SPECIALS, *mine], [*SPECIALS, *theirs]
    new, old = target.embedding.table.weight, source.embedding.table.weight
    common = [word for word in here if word in there]
    for place, word in enumerate(here):
        expected = old[there.index(word)] if word in there else old[[there.index(one) for one in common]].mean(0)
        torch.testing.assert_close(new[place], expected)
    said = "whole" if len(common) == len(here) else f"{len(common)} of {len(here)} words"
    assert taken["embedding.table.weight"] == said


def test_on_the_same_data_everything_is_taken():
    target, source = classifier(), classifier()
    assert set(take(target, source).values()) == {"whole"}
    for name, value in weights(source).items():
        assert torch.equal(value, dict(target.named_parameters())[name])


def test_rows_of_a_head_go_by_their_classes():
    target, source = classifier(labels=["good", "fair", "bad"]), classifier(labels=["bad", "good"])
    before = weights(target)
    assert take(target, source)["output.weight"] == "2 of 3 classes"
    assert torch.equal(target.output.weight[[2, 0]], source.output.weight)
    assert torch.equal(target.output.weight[1], before["output.weight"][1])


def test_a_head_of_other_classes_begins_as_it_was_drawn():
    target = classifier(labels=["sport", "art"])
    before = weights(target)
    taken = take(target, classifier())
    assert taken["output.weight"] == taken["output.bias"] == "new"
    assert torch.equal(target.output.weight, before["output.weight"])
    assert summary(taken) == ["embedding: whole", "backbone: whole", "output: new"]


def test_a_language_model_gives_a_classifier_its_words_and_its_cells_but_no_head():
    # "good" is a class, and a word that the language model predicts.
    target, source = classifier(), language_model()
    before = weights(target)
    taken = take(target, source)
    assert taken["embedding.table.weight"] == "5 of 7 words"
    assert torch.equal(target.embedding.table.weight[4:], source.embedding.weight[2:])
    for name, value in source.backbone.named_parameters():
        assert torch.equal(value, dict(target.backbone.named_parameters())[name])
    assert torch.equal(target.output.weight, before["output.weight"])


def test_the_cell_that_reads_from_the_end_is_new():
    target = classifier(both=True)
    before = weights(target)
    taken = take(target, language_model())
    for name, what in taken.items():
        if name.startswith("backbone"):
            assert what == ("whole" if ".layers.0.0." in name else "new")
            assert torch.equal(dict(target.named_parameters())[name], before[name]) == (what == "new")


def test_transitions_go_by_both_tags():
    target, source = tagger(["PER", "LOC"]), tagger(["LOC", "ORG"])
    with torch.no_grad():
        source.crf.transitions.copy_(torch.randn_like(source.crf.transitions))
    take(target, source)
    new, old = target.crf.transitions.tolist(), source.crf.transitions.tolist()
    for i, one in enumerate(target.tags):
        for j, other in enumerate(target.tags):
            known = one in source.tags and other in source.tags
            assert new[i][j] == (old[source.tags.index(one)][source.tags.index(other)] if known else 0)


def counted():
    model = MajorityClassifier()
    model.use_spec(classifier().spec)
    return model


def remembering(source):
    data = LongRangeData(source)
    data.setup("fit")
    model = RecurrentModel(stack())
    model.use_spec(data.spec)
    return model


@pytest.mark.parametrize(
    ("target", "source", "problem"),
    [
        (lambda: classifier(cell=GRU), language_model, "the run's cells are LSTM, this model's GRU"),
        (lambda: classifier(hidden=5), language_model, r"weight_ih is \(16, 3\) in the run, \(20, 3\) in this"),
        (lambda: classifier(width=2), language_model, r"embedding.table.weight is \(5, 3\) in the run, \(7, 2\)"),
        (classifier, lambda: language_model(level="char"), "the run reads characters, this model reads words"),
        (classifier, lambda: classifier(unit="char"), "the run reads characters, this model reads words"),
        (classifier, counted, "MajorityClassifier is counted, and not trained: the run has no weights"),
        (classifier, lambda: remembering(Adding()), "the run reads no tokens, this model reads words"),
        (lambda: remembering(Adding()), lambda: remembering(Parity()), "nobody says what the weights of a RecurrentM"),
        (counted, classifier, "MajorityClassifier is counted, and not trained: it has no weights"),
    ],
)
def test_what_does_not_fit_is_refused(target, source, problem):
    with pytest.raises(UserError, match=problem):
        take(target(), source())


def test_layers_stand_from_the_input_to_the_output():
    groups = layer_groups(language_model(layers=2))
    assert [sorted({".".join(name.split(".")[:3]) for name in group}) for group in groups] == [
        ["embedding.weight"],
        ["backbone.layers.0"],
        ["backbone.layers.1"],
        ["output.bias", "output.weight"],
    ]


def begun(model, source, **options):
    """What a training has after its model was built."""
    fine_tuning = FineTuning(**options)
    fine_tuning.start = Start(run="run", dataset="data", about="about", taken=take(model, source))
    return fine_tuning


def test_each_layer_learns_more_slowly_than_the_one_above():
    model = classifier(layers=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.8)
    begun(model, language_model(layers=2), rate_decay=2.0).divide(model, optimizer)
    rates = {one: group["lr"] for group in optimizer.param_groups for one in group["params"]}
    assert len(rates) == len(list(model.parameters()))
    for name, one in model.named_parameters():
        depth = 0 if name.startswith("output") else {"l.1": 1, "l.0": 2}.get(f"l.{name.split('.')[2]}", 3)
        depth = 3 if name.startswith("embedding") else depth
        assert rates[one] == 0.8 / 2**depth


def test_layers_are_freed_one_an_epoch():
    model = classifier(layers=2)
    fine_tuning = begun(model, language_model(layers=2), freeze="gradual")
    parts = {"output": "output", "backbone.layers.1": "upper", "backbone.layers.0": "lower", "embedding": "words"}
    for epoch, expected in enumerate(
        [{"output"}, {"output", "upper"}, {"output", "upper", "lower"}, {*parts.values()}]
    ):
        fine_tuning._free(model, epoch)
        free = {name for name, one in model.named_parameters() if one.requires_grad}
        assert {part for start, part in parts.items() if any(name.startswith(start) for name in free)} == expected


def test_what_was_taken_stays_and_a_new_direction_learns():
    model = classifier(both=True)
    begun(model, language_model(), freeze="taken")._free(model, 7)
    free = {name for name, one in model.named_parameters() if one.requires_grad}
    assert {name.rpartition(".")[0] for name in free} == {"output", "backbone.layers.0.1"}


@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_frozen_layers_get_no_gradient_and_change_no_other(engine):
    torch.manual_seed(1)
    x, lengths = torch.randint(7, (3, 5)), torch.tensor([5, 3, 2])
    found = []
    for freeze in ("none", "gradual"):
        torch.manual_seed(2)
        model = RecurrentClassifier(functools.partial(stack(layers=2), engine=engine), WordEmbedding)
        model.use_spec(classifier().spec)
        fine_tuning = begun(model, model, freeze=freeze)
        fine_tuning._free(model, 1)
        model(x, lengths).square().sum().backward()
        found.append({name: one.grad for name, one in model.named_parameters()})
    whole, partly = found
    for name, gradient in partly.items():
        if name.startswith(("output", "backbone.layers.1")):
            assert torch.equal(gradient, whole[name])
        else:
            assert gradient is None
