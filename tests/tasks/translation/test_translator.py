"""The translator in a script: decoders against their own steps, padding, search, ensembles, options."""

import random
from functools import partial

import pytest
import torch
import torch.nn.functional as F

import rnnbench.cells
from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data.batches.batch import PairBatch, pad, places_within
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.nn.attention import DotAttention, LocalAttention
from rnnbench.tasks.base.pairs.data import encode_source, encode_target
from rnnbench.tasks.base.pairs.search import Ensemble, EnsembleState
from rnnbench.tasks.translation import (
    BahdanauDecoder,
    ContextDecoder,
    GNMTDecoder,
    LuongDecoder,
    SequenceDecoder,
    Translator,
)

WORDS = ["ein", "zwei", "drei", "vier", "fuenf", "sechs", "sieben"]
RANDOM = random.Random(1)
SOURCES = [" ".join(RANDOM.choices(WORDS, k=size)) for size in (3, 1, 7, 5, 2, 4)]
TARGETS = [" ".join(word.upper() for word in reversed(text.split())) + " !" for text in SOURCES]
SOURCE = TextEncoder.train("word", SOURCES)
TARGET = TextEncoder.train("word", TARGETS)
SPEC = {"source": SOURCE.state(), "target": TARGET.state(), "joint": False}

# No cell has to be compiled for this.
SMALL = partial(Backbone, cell=GRU, hidden_size=6, bidirectional=True, engine="reference")
WORD = partial(WordEmbedding, embedding_size=5)
MODELS = {
    "sequence": {"decoder": SequenceDecoder},
    "reversed": {"decoder": SequenceDecoder, "reverse_source": True},
    "context": {"decoder": partial(ContextDecoder, readout_size=7)},
    "bahdanau": {"decoder": BahdanauDecoder},
    "bahdanau tanh": {"decoder": partial(BahdanauDecoder, readout="tanh", readout_size=4), "reverse_source": True},
    "bahdanau concat": {"decoder": partial(BahdanauDecoder, readout="concat"), "bridge": "zero"},
    "luong": {"decoder": LuongDecoder},
    "luong fast": {"decoder": partial(LuongDecoder, input_feeding=False, readout_size=3)},
    "luong dot": {"decoder": partial(LuongDecoder, attention=DotAttention), "decoder_hidden_size": 12},
    "luong local": {"decoder": partial(LuongDecoder, attention=partial(LocalAttention, window=2))},
    "gnmt": {"decoder": GNMTDecoder, "decoder_layers": 3, "bidirectional_first": True},
    "deep lstm": {
        "backbone": partial(Backbone, cell=LSTM, hidden_size=6, num_layers=2, connect="residual", engine="reference"),
        "bridge": "copy",
    },
}


def batch(numbers, sources=SOURCES, targets=TARGETS):
    source, source_lengths = pad([encode_source(SOURCE, sources[i]) for i in numbers], TextEncoder.pad)
    target, lengths = pad([encode_target(TARGET, targets[i]) for i in numbers], TextEncoder.pad)
    lengths = lengths - 1
    return PairBatch(
        source, source_lengths, target, lengths, torch.tensor(numbers), int(lengths.sum()), places_within(lengths)
    )


def translator(name="bahdanau", seed=0, spec=SPEC, **options):
    torch.manual_seed(seed)
    model = Translator(**{"backbone": SMALL, "embedding": WORD, **MODELS[name], **options})
    model.use_spec(spec)
    return model.double().eval()


def token_log_probs(model, one):
    """Of each predicted token, sentence by sentence, by `Translator.forward`."""
    scores, _ = model(one)
    valid = torch.arange(one.target.shape[1] - 1) < one.target_lengths[:, None]
    picked = scores.log_softmax(1).gather(1, one.target[:, 1:][valid][:, None])[:, 0]
    return picked.split(one.target_lengths.tolist())


@pytest.fixture(params=MODELS)
def model(request):
    return translator(request.param)


@torch.no_grad()
def test_forward_is_the_loop_over_step(model):
    one = batch([0, 1, 2, 3])
    _, attention = model(one)
    assert (attention is not None) == model.attends
    state = model.start(one.source, one.source_lengths)
    for t in range(one.target.shape[1] - 1):
        log_probs, state = model.step(one.target[:, t], state)
        for row, expected in enumerate(token_log_probs(model, one)):
            if t < len(expected):
                assert torch.allclose(log_probs[row, one.target[row, t + 1]], expected[t], atol=1e-12)
                if attention is not None:
                    assert torch.allclose(state.attention[row], attention[row, t], atol=1e-12)


@torch.no_grad()
def test_batch_and_padding_change_nothing(model):
    together = token_log_probs(model, batch([2, 0, 1, 5]))
    for number, found in zip([2, 0, 1, 5], together, strict=True):
        (alone,) = token_log_probs(model, batch([number]))
        assert torch.allclose(found, alone, atol=1e-12)


def test_translations_do_not_know_their_batch(model):
    beam = Beam(4, 0.6, 0.1 if model.attends else 0.0, nbest=4)
    together = list(Ensemble([model]).write([*SOURCES, "", "unseen words"], beam, 12, attention=True))
    for text, found in zip(SOURCES, together, strict=False):
        (alone,) = Ensemble([model]).write([text], beam, 12, attention=True)
        assert [one.text for one in alone] == [one.text for one in found]
        for a, b in zip(alone, found, strict=True):
            assert a.score == pytest.approx(b.score, rel=1e-12)
            assert (a.attention is not None) == model.attends
            if a.attention is not None:
                assert a.attention.shape == (len(a.target), len(a.source))
                assert torch.allclose(a.attention, b.attention, atol=1e-12)
    assert [one.text for one in together[-2]] == [""]


def test_scores_in_single_precision(model):
    wide = Ensemble([model])
    expected = [found[0].score for found in wide.write(SOURCES, Beam(1), 6)]
    model.float()
    alone = [next(wide.write([text], Beam(1), 6))[0].score for text in SOURCES]
    together = [found[0].score for found in wide.write(SOURCES, Beam(1), 6)]
    assert together == pytest.approx(alone, rel=1e-5)
    assert together == pytest.approx(expected, rel=1e-5)


@torch.no_grad()
def test_a_score_is_the_sum_of_token_log_probabilities(model):
    for source, found in zip(SOURCES, Ensemble([model]).write(SOURCES, Beam(3, nbest=3), 8), strict=True):
        for one in found:
            again = batch([0], [source], [" ".join(one.target[:-1])])
            assert one.score == pytest.approx(float(token_log_probs(model, again)[0].sum()), rel=1e-12)


@torch.no_grad()
def test_an_ensemble_takes_the_mean_probability():
    models = [translator(seed=0), translator("luong", seed=1), translator("sequence", seed=2)]
    ensemble = Ensemble(models)
    one = batch([0, 1, 2])
    singles = [model.step(one.target[:, 0], model.start(one.source, one.source_lengths))[0] for model in models]
    for found in ensemble.write(SOURCES, Beam(3), 8, attention=True):
        assert len(found[0].attention) == len(found[0].target), "that of those which attend"
    states = [model.start(one.source, one.source_lengths) for model in models]
    log_probs, _ = ensemble.step(one.target[:, 0], EnsembleState(tuple(states), (0, 1)))
    assert torch.allclose(log_probs.exp(), sum(single.exp() for single in singles) / 3)
    twice = [found[0] for found in Ensemble([models[0]] * 2).write(SOURCES, Beam(3), 8)]
    once = [found[0] for found in Ensemble([models[0]]).write(SOURCES, Beam(3), 8)]
    assert [a.text for a in twice] == [b.text for b in once]
    assert [a.score for a in twice] == pytest.approx([b.score for b in once])


def test_attention_of_an_ensemble_is_over_the_tokens_of_its_first_model():
    characters = TextEncoder.train("char", SOURCES).state()
    by_character = translator(spec={**SPEC, "source": characters})
    for models, attends in (
        ([translator(), by_character], True),
        ([by_character, translator("sequence")], True),
        ([translator("sequence"), by_character], False),
    ):
        ensemble = Ensemble(models)
        assert ensemble.attends == attends
        for found in ensemble.write(SOURCES, Beam(3), 8, attention=True):
            assert (found[0].attention is not None) == attends
            if attends:
                assert found[0].attention.shape == (len(found[0].target), len(found[0].source))


def test_an_ensemble_writes_one_vocabulary():
    other = {**SPEC, "target": TextEncoder.train("word", ["A B"]).state()}
    with pytest.raises(UserError, match="model 2 has 6 target tokens, the first 11"):
        Ensemble([translator(), translator(spec=other)])


@torch.no_grad()
def test_attention_stands_in_the_order_of_the_source():
    """Read backwards, a sentence is the sentence written backwards, its end mark apart."""
    forwards, backwards = translator(), translator(reverse_source=True)
    encoded = backwards.encoder(backwards.source_embedding(batch([0]).source), torch.tensor([4]))
    flipped = forwards.encoder(forwards.source_embedding(batch([0]).source.flip(1)), torch.tensor([4]))
    assert torch.allclose(encoded.values, flipped.values.flip(1))
    assert torch.allclose(encoded.last, flipped.last)


def trained(model, **options):
    model.train()
    model.log = lambda *_, **__: None
    return model.training_step(batch([0, 1, 2], **options), 0)


def test_label_smoothing():
    model = translator(label_smoothing=0.2)
    log_probs = model(batch([0, 1, 2]))[0].log_softmax(1)
    right = torch.cat(token_log_probs(model, batch([0, 1, 2])))
    assert torch.allclose(trained(model), -(0.8 * right + 0.2 * log_probs.mean(1)).mean())


def test_scheduled_sampling_reads_the_own_best_token():
    model = translator(scheduled_sampling=1.0)
    one = batch([0, 1, 2])
    state = model.start(one.source, one.source_lengths)
    token, losses = one.target[:, 0], []
    for t in range(one.target.shape[1] - 1):
        features, state = model.decoder.step(model.target_embedding(token), state)
        scores = model.output(features)
        valid = t < one.target_lengths
        losses.append(F.cross_entropy(scores[valid], one.target[:, t + 1][valid], reduction="sum"))
        token = scores.argmax(1)
    assert torch.allclose(trained(model), sum(losses) / one.tokens)
    plain = trained(translator())
    assert torch.allclose(trained(translator(scheduled_sampling=0.0)), plain)
    assert torch.allclose(trained(translator(scheduled_sampling=1.0, sampling_steps=100)), plain), "at the beginning"
    assert not torch.allclose(trained(model), plain)


def test_tied_embeddings():
    tie = {"decoder": partial(BahdanauDecoder, readout_size=5)}
    model = translator(tie_embeddings="target", **tie)
    assert model.output.weight is model.target_embedding.table.weight
    assert model.output.weight is not model.source_embedding.table.weight
    joint = TextEncoder.train("word", SOURCES + TARGETS).state()
    model = translator(tie_embeddings="all", spec={"source": joint, "target": joint, "joint": True}, **tie)
    assert model.output.weight is model.source_embedding.table.weight
    with pytest.raises(UserError, match=r"model.tie_embeddings\n.*joint|a vocabulary each"):
        translator(tie_embeddings="all", **tie)
    with pytest.raises(UserError, match="as wide as what the decoder puts out: 5 is not 256"):
        translator(tie_embeddings="target")


def test_the_decoder_inherits_what_it_does_not_override():
    model = translator("sequence", backbone=partial(SMALL, num_layers=2, layer_norm=True))
    (stack,) = model.decoder.stacks
    assert (len(stack.layers), stack.bidirectional, type(stack.cells[0][0])) == (2, False, GRU)
    assert isinstance(stack.norms[0], torch.nn.LayerNorm)
    (stack,) = translator("sequence", decoder_hidden_size=9, decoder_layers=3).decoder.stacks
    assert (len(stack.layers), stack.cells[0][0].hidden_size) == (3, 9)
    (stack,) = translator("sequence", decoder_backbone=partial(Backbone, cell=LSTM, hidden_size=4)).decoder.stacks
    assert (type(stack.cells[0][0]), stack.output_size) == (LSTM, 4)
    with pytest.raises(
        UserError, match="decoder_backbone.bidirectional\na decoder cannot read the text that it writes from its end"
    ):
        translator("sequence", decoder_backbone=SMALL)


def test_layers_of_gnmt():
    model = translator("gnmt", backbone=partial(SMALL, num_layers=4, connect="residual"))
    assert [len(cells) for cells in model.encoder.cells] == [2, 1, 1, 1]
    assert len(model.decoder.stacks) == 3
    assert model.model_name() == "BiGRU 4x6, GNMTDecoder 3x6"


def test_unknown_words_are_copied():
    model = translator()
    with torch.no_grad():
        model.output.bias[TextEncoder.unknown] = 100
    model.max_length = 2
    (found,) = Ensemble([model]).write(["ein Rnnbench zwei"], Beam(1), attention=True, replace_unknown=True)
    looked = [found[0].source[int(row[:-1].argmax())] for row in found[0].attention[:-1]]
    assert found[0].text == " ".join(looked)
    assert found[0].target == ["<unk>", "<unk>", "<eos>"]
    (found,) = Ensemble([model]).write(["ein Rnnbench zwei"], Beam(1))
    assert found[0].text == "<unk> <unk>"


def test_padding_and_begin_are_never_written():
    model = translator()
    with torch.no_grad():
        model.output.bias[[TextEncoder.pad, TextEncoder.begin]] = 100
    for found in Ensemble([model]).write(SOURCES, Beam(12, nbest=12), 3):
        assert all({"<pad>", "<bos>"}.isdisjoint(one.target) for one in found)


def test_a_source_of_10000_words():
    model = translator(max_length=20).float()
    (found, short) = Ensemble([model]).write(["ein zwei " * 5000, "ein"], Beam(5), attention=True)
    assert len(found[0].target) <= 21
    assert found[0].attention.shape == (len(found[0].target), 10001)
    assert len(short[0].target) <= 3 * 2 + 11


def test_a_target_vocabulary_of_one_word():
    one_word = TextEncoder.train("word", ["ja"])
    model = translator(spec={**SPEC, "target": one_word.state()})
    for found in Ensemble([model]).write(SOURCES, Beam(50, nbest=50), 3):
        assert set(" ".join(one.text for one in found).split()) <= {"ja", "<unk>"}
        assert len(found) == 1 + 2 + 4 + 8, "all there are"


CELLS = [name for name in rnnbench.cells.__all__ if name not in ("RNNCell", "State")]


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_trains_and_translates(cell):
    torch.manual_seed(0)
    backbone = partial(SMALL, cell=getattr(rnnbench.cells, cell), hidden_size=8)
    model = Translator(backbone, embedding=WORD, dropout=0.1)
    model.use_spec(SPEC)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    before = float(trained(model).detach())
    for _ in range(4):
        optimizer.zero_grad()
        trained(model).backward()
        # An encoder's top layer may end in parts of a state that no bridge reads.
        assert all(value.grad is not None for value in model.decoder.parameters())
        optimizer.step()
    assert float(trained(model).detach()) < before
    assert model.flops_per_token() > 0
    assert len(list(Ensemble([model]).write(SOURCES, Beam(2), 6))) == len(SOURCES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label_smoothing": 2.0}, r"must be in \[0, 1\], found 2.0"),
        ({"max_length": 0}, "at least 1, found 0"),
        ({"beam_size": 0}, "at least 1, found 0"),
        ({"length_ratio": -1.0}, "must be 0 or more, found -1.0"),
        ({"coverage_penalty": 0.2, "decoder": SequenceDecoder}, "attends to nothing"),
        ({"decoder": partial(ContextDecoder, readout="sum")}, "no kind is called 'sum'"),
        ({"bridge": "line"}, "did you mean: linear"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(UserError, match=message):
        translator(**options)
