"""The captioner in a script: decoders against their own steps, batches, search, losses."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.bench.subjects import all_cells
from rnnbench.cells import GRU, LSTM
from rnnbench.data.batches.batch import pad, places_within
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.nn.attention import DotAttention, GeneralAttention
from rnnbench.tasks.base.texts import predicted, where_predicted
from rnnbench.tasks.captioning import (
    AdaptiveDecoder,
    Captioner,
    ConvEncoder,
    HardAttentionDecoder,
    ImageAlwaysDecoder,
    ImageFirstDecoder,
    SoftAttentionDecoder,
)
from rnnbench.tasks.captioning.batch import CaptionBatch
from rnnbench.tasks.captioning.search import describe_images

SIZE = 8
CAPTIONS = [
    ["a red dog", "the dog runs fast over the grass"],
    ["two men"],
    ["a man on a bench in a park", "a park", "man and bench and a very old tree"],
    ["snow"],
]
WORDS = TextEncoder.train("word", [text for texts in CAPTIONS for text in texts])
SPEC = {"words": WORDS.state(), "image_size": SIZE}
PIXELS = [
    torch.randint(0, 256, (SIZE, SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(i)).numpy()
    for i in range(len(CAPTIONS))
]

# No cell has to be compiled for this.
SMALL = partial(Backbone, cell=GRU, hidden_size=6, engine="reference")
CONV = partial(ConvEncoder, channels=(8, 9), halvings=1)
WORD = partial(WordEmbedding, embedding_size=5)
MODELS = {
    "first": {"decoder": ImageFirstDecoder},
    "always": {"decoder": partial(ImageAlwaysDecoder, readout_size=7)},
    "soft": {"decoder": partial(SoftAttentionDecoder, doubly_stochastic=0.1)},
    "soft dot": {"decoder": partial(SoftAttentionDecoder, gate=False, attention=GeneralAttention, readout="concat")},
    "hard": {"decoder": partial(HardAttentionDecoder, readout_size=4)},
    "adaptive": {"decoder": AdaptiveDecoder},
    "adaptive lstm": {
        "decoder": partial(AdaptiveDecoder, attention_size=3, doubly_stochastic=0.1),
        "backbone": partial(Backbone, cell=LSTM, hidden_size=6, num_layers=2, engine="reference"),
        "encoder": partial(CONV, coordinates=True),
    },
}


def ids(text):
    return torch.tensor([TextEncoder.begin, *WORDS.encode(text).tolist(), TextEncoder.end])


def batch(numbers, captions=CAPTIONS):
    target, marked = pad([ids(text) for i in numbers for text in captions[i]], TextEncoder.pad)
    counts = torch.tensor([len(captions[i]) for i in numbers])
    images = torch.stack([torch.from_numpy(PIXELS[i]) for i in numbers]).permute(0, 3, 1, 2)
    owner = torch.arange(len(numbers)).repeat_interleave(counts)
    return CaptionBatch(
        images, target, marked - 1, owner, torch.tensor(numbers), int((marked - 1).sum()), places_within(marked - 1)
    )


def captioner(name="soft", seed=0, **options):
    torch.manual_seed(seed)
    model = Captioner(**{"encoder": CONV, "backbone": SMALL, "embedding": WORD, **MODELS[name], **options})
    model.use_spec(SPEC)
    # Statistics that are not those at the start.
    model.encoder(batch([0, 1, 2, 3]).images)
    model.log = lambda *_, **__: None
    return model.double().eval()


def token_log_probs(model, one):
    """Of each predicted token, caption by caption, by `Captioner.forward`."""
    scores, _ = model(one)
    picked = scores.log_softmax(1).gather(1, predicted(one)[:, None])[:, 0]
    return picked.split(one.target_lengths.tolist())


@pytest.fixture(params=MODELS)
def model(request):
    return captioner(request.param)


@torch.no_grad()
def test_forward_is_the_loop_over_step(model):
    one = batch([0, 1, 2])
    _, attention = model(one)
    assert (attention is not None) == model.attends
    expected = token_log_probs(model, one)
    state = model.decoder.start(model.encoder(one.images)).select(one.owner)
    for t in range(one.target.shape[1] - 1):
        features, state = model.decoder.step(model.embedding(one.target[:, t]), state)
        log_probs = model.output(features).log_softmax(1)
        for row, found in enumerate(expected):
            if t < len(found):
                assert torch.allclose(log_probs[row, one.target[row, t + 1]], found[t], atol=1e-12)
                if attention is not None:
                    assert torch.allclose(state.attention[row], attention[row, t], atol=1e-12)
            elif attention is not None:
                assert not attention[row, t].any()


@torch.no_grad()
def test_batch_and_padding_change_nothing(model):
    together = token_log_probs(model, batch([2, 0, 3]))
    alone = [found for i in (2, 0, 3) for found in token_log_probs(model, batch([i]))]
    for a, b in zip(together, alone, strict=True):
        assert torch.allclose(a, b, atol=1e-12)


def test_captions_do_not_know_their_batch(model):
    beam = Beam(4, 0.6, nbest=3)
    together = describe_images(model, PIXELS, beam, 6)
    for pixels, found in zip(PIXELS, together, strict=True):
        (alone,) = describe_images(model, [pixels], beam, 6)
        assert [one.text for one in alone] == [one.text for one in found]
        for a, b in zip(alone, found, strict=True):
            assert a.score == pytest.approx(b.score, rel=1e-12)
            assert (a.attention is not None) == model.attends
            if a.attention is not None:
                assert a.attention.shape == (len(a.words), 2, 2)
                assert torch.allclose(a.attention, b.attention, atol=1e-6)
        assert not {"<pad>", "<unk>", "<bos>"} & {word for one in found for word in one.words}


def test_weights_are_a_distribution_or_less(model):
    _, attention = model(batch([0, 2]))
    if attention is not None:
        sums = attention.sum(2)[where_predicted(batch([0, 2]))]
        adaptive = isinstance(model.decoder, AdaptiveDecoder)
        assert (attention >= 0).all()
        assert (sums < 1).all() if adaptive else torch.allclose(sums, torch.ones(()).double())


def test_every_parameter_learns(model):
    model.train()
    model.training_step(batch([0, 1, 2, 3]), 0).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_a_model_learns_its_captions():
    torch.manual_seed(0)
    for name in ("first", "soft", "adaptive"):
        model = captioner(name).train()
        optimizer = torch.optim.Adam(model.parameters(), 0.03)
        one = batch([1, 3], [["two men"] if i == 1 else ["snow"] for i in range(4)])
        for _ in range(60):
            loss = model.training_step(one, 0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            for _ in range(100):
                model.encoder(one.images)
        found = describe_images(model, [PIXELS[1], PIXELS[3]], Beam(2), 5)
        assert [best.text for best, *_ in found] == ["two men", "snow"], name


def test_the_encoder_runs_once_an_image(monkeypatch):
    model = captioner().train()
    calls = []
    forward = model.encoder.look
    monkeypatch.setattr(model.encoder, "look", lambda images: calls.append(len(images)) or forward(images))
    model.training_step(batch([0, 2]), 0)
    assert calls == [2]


@torch.no_grad()
def test_doubly_stochastic_penalty():
    model = captioner("soft")
    one = batch([0, 2])
    _, made, attention = model._read(one)
    found = model.decoder.penalty(made, attention, torch.zeros(()), where_predicted(one), torch.tensor(4))
    expected = 0.0
    for row, length in enumerate(one.target_lengths.tolist()):
        expected += length * sum((1 - float(attention[row, :length, s].sum())) ** 2 for s in range(4))
    assert float(found) == pytest.approx(0.1 * expected / one.tokens), "a mean over tokens"
    assert (
        captioner("soft dot").decoder.penalty(made, attention, torch.zeros(()), where_predicted(one), torch.tensor(4))
        is None
    )


def test_adaptive_attention_is_one_softmax():
    model = captioner("adaptive lstm")
    decoder = model.decoder
    one = batch([0])
    state = decoder.start(model.encoder(one.images)).select(one.owner)
    x = model.embedding(one.target[:, 0])
    before = state.fed[:, -6:]
    made, after = decoder.advance(x, state)
    output, memory = after.fed[:, -6:], after.stack[-1][0][1]
    read = torch.cat([x, state.fed[:, :-6]], 1)
    sentinel = torch.sigmoid(decoder.gate(torch.cat([read, before], 1))) * torch.tanh(memory)
    values = torch.relu(decoder.region(model.encoder(one.images).values))[one.owner]
    asked = decoder.attention.query(output)
    hidden = torch.cat([decoder.attention.key(values), decoder.sentinel(sentinel)[:, None]], 1) + asked[:, None]
    weights = decoder.attention.energy(torch.tanh(hidden))[..., 0].softmax(1)
    seen = (weights[..., None] * torch.cat([values, sentinel[:, None]], 1)).sum(1)
    assert torch.allclose(after.attention, weights[:, :-1], atol=1e-12)
    assert torch.allclose(made, seen + output, atol=1e-12)


@torch.no_grad()
def test_hard_attention_sees_one_region():
    model = captioner("hard")
    one = batch([0, 1, 2, 3])
    regions = model.encoder(one.images).values
    _, made, attention = model._read(one)
    gate = model.decoder.gate
    for row, length in enumerate(one.target_lengths.tolist()):
        for t in range(length):
            seen = made[row, t, 6:-2]
            best = regions[one.owner[row], attention[row, t].argmax()]
            share = float(seen @ best / (best @ best))
            assert 0 < share < 1
            assert torch.allclose(seen, share * best, atol=1e-12)
    assert gate is not None
    assert not made[..., -2:].any()


def test_reinforce_is_unbiased():
    """Over all ways to look, its mean gradient is that of the bound sum_s p(s) log p(y | s), computed exactly."""
    decoder = partial(HardAttentionDecoder, soft_share=0.0, entropy=0.0, gate=False)
    model = captioner("hard", decoder=decoder).train()
    for module in model.encoder.modules():
        module.eval()
    one = batch([3])
    steps = int(one.target_lengths[0])
    assert steps == 2
    weight = model.decoder.attention.energy.weight

    def read(places):
        """With these places in the stead of drawn ones."""
        drawn = iter(places)
        state = model.decoder.start(model.encoder(one.images)).select(one.owner)
        nats, logs = [], []
        original = torch.multinomial
        torch.multinomial = lambda weights, _: torch.tensor([[next(drawn)]])
        try:
            for t in range(steps):
                x = model.embedding(one.target[:, t])
                made, state = model.decoder.advance(x, state)
                logs.append(made[0, -2])
                scores = model.output(model.decoder.finish(made, x)).log_softmax(1)
                nats.append(-scores[0, one.target[0, t + 1]])
        finally:
            torch.multinomial = original
        return torch.stack(nats), torch.stack(logs)

    # The gradient that reaches the weights of the attention alone.
    bound, estimate = 0.0, 0.0
    for places in [(a, b) for a in range(4) for b in range(4)]:
        nats, logs = read(places)
        chance = logs.sum().exp()
        bound = bound + chance * (-nats.sum().detach())
        model.decoder.average.zero_()
        model.decoder.average_weight.fill_(1.0)
        made = torch.zeros(1, steps, 3).double()
        made = torch.cat([made[..., :1], logs[None, :, None], made[..., 2:]], 2)
        valid = torch.ones(1, steps, dtype=torch.bool)
        loss = model.decoder.penalty(made, torch.zeros(1, steps, 4), nats[None], valid, torch.tensor([4]))
        estimate = estimate + chance.detach() * loss
    (expected,) = torch.autograd.grad(bound, weight, retain_graph=True)
    (found,) = torch.autograd.grad(estimate, weight)
    # The reward is the mean over tokens, and the loss is divided by their number.
    assert torch.allclose(-found * steps * steps, expected, atol=1e-12)
    assert expected.abs().max() > 1e-6


def test_the_baseline_is_a_moving_average():
    decoder = captioner("hard").decoder
    assert float(decoder._baseline(torch.tensor([-4.0, -2.0]).double())) == -3
    assert float(decoder._baseline(torch.tensor([-1.0]).double())) == pytest.approx(-3)
    assert float(decoder._baseline(torch.tensor([0.0]).double())) == pytest.approx((0.09 * -3 + 0.1 * -1) / 0.19)


@pytest.mark.parametrize(
    "cell", [pytest.param(c, marks=[] if c == "CoupledLSTM" else pytest.mark.slow) for c in all_cells()]
)
@pytest.mark.parametrize("name", ["first", "soft", "hard", "adaptive"])
def test_any_cell_decodes(cell, name):
    import rnnbench.cells

    backbone = partial(Backbone, cell=getattr(rnnbench.cells, cell), hidden_size=6, engine="reference")
    model = captioner(name, backbone=backbone).float().train()
    loss = model.training_step(batch([0, 1]), 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert model.cell_name() == cell
    assert len(describe_images(model, PIXELS, Beam(2), 4)) == 4


def test_what_makes_no_model():
    for options, message in (
        ({"label_smoothing": 2.0}, "model.label_smoothing"),
        ({"max_length": 0}, "model.max_length"),
        ({"beam_size": 0}, "beam size"),
    ):
        with pytest.raises(UserError, match=message):
            Captioner(**options)
    for options, message in (
        ({"encoder": partial(ConvEncoder, channels=())}, "model.encoder"),
        ({"encoder": partial(ConvEncoder, channels=(4,), halvings=4)}, "data.image_size"),
        ({"decoder": partial(SoftAttentionDecoder, doubly_stochastic=-1.0)}, "model.decoder.doubly_stochastic"),
        ({"decoder": partial(SoftAttentionDecoder, attention=DotAttention)}, "DotAttention"),
        ({"decoder": partial(HardAttentionDecoder, entropy=-1.0)}, "model.decoder.entropy"),
        ({"decoder": partial(HardAttentionDecoder, soft_share=1.0)}, "model.decoder.soft_share"),
        ({"backbone": partial(SMALL, bidirectional=True)}, "model.backbone.bidirectional"),
    ):
        with pytest.raises(UserError, match=message):
            captioner(**options)


def test_a_model_has_a_name_and_costs():
    model = captioner("adaptive lstm")
    assert model.model_name() == "AdaptiveDecoder, LSTM 2x6"
    assert model.flops_per_token() > 0
    # One stage at 4 x 4 and one at 2 x 2 pixels, after a first convolution to 4 x 4.
    expected = 2 * (16 * 9 * 5 * 8 + 2 * 16 * 9 * 8 * 8 + 4 * (9 * 8 * 9 + 9 * 9 * 9 + 8 * 9))
    assert model.encoder.flops() == expected
