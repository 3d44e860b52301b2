"""Self-critical training: rewards, the loss, and that it makes captions better."""

import pytest
import torch
from test_captioner import CAPTIONS, batch, captioner

from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam, Hypothesis
from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import predicted
from rnnbench.tasks.captioning import Captioner
from rnnbench.tasks.captioning.models import self_critical
from rnnbench.tasks.captioning.models.self_critical import SelfCritic
from rnnbench.tasks.captioning.scores.cider import Cider
from rnnbench.tasks.captioning.search import search


def marked(texts):
    return [f"{text} <eos>" for text in texts]


def test_rewards_are_cider_of_the_drawn_less_that_of_the_best():
    model = captioner("soft")
    one = batch([2, 0, 1])
    encoded = model.encoder(one.images)
    model.train()
    drawn = SelfCritic(CAPTIONS).draw(model, one, encoded, seed=3)
    assert model.training
    scorer = Cider([marked(texts) for texts in CAPTIONS])
    model.eval()
    with torch.no_grad():
        greedy = search(model, encoded, Beam(1))
    for row, number in enumerate([2, 0, 1]):
        ids = drawn.batch.target[row, 1 : 1 + int(drawn.batch.target_lengths[row])].tolist()
        best = [*greedy[row][0].tokens]
        scores = [
            scorer.score(f"{model.words.decode(tokens)} <eos>".strip(), marked(CAPTIONS[number]))
            for tokens in (ids, best)
        ]
        assert float(drawn.advantage[row]) == pytest.approx(scores[0] - scores[1], abs=1e-6)
    again = SelfCritic(CAPTIONS).draw(model, one, encoded, seed=3)
    assert torch.equal(again.batch.target, drawn.batch.target)
    alone = SelfCritic(CAPTIONS).draw(model, batch([0]), model.encoder(batch([0]).images), seed=3)
    size = int(alone.batch.target_lengths[0]) + 1
    assert alone.batch.target[0].tolist() == drawn.batch.target[1, :size].tolist(), "a draw does not know its batch"


def test_the_loss():
    model = captioner("first", self_critical_after=0)
    model._critic = SelfCritic(CAPTIONS)
    one = batch([0, 1, 2])
    drawn = model._critic.draw(model, one, model.encoder(one.images), 0)
    with torch.no_grad():
        scores, _ = model(drawn.batch)
    scores[:, [TextEncoder.pad, TextEncoder.unknown, TextEncoder.begin]] = -torch.inf
    picked = scores.log_softmax(1).gather(1, predicted(drawn.batch)[:, None])[:, 0]
    parts = picked.split(drawn.batch.target_lengths.tolist())
    expected = -sum(a * part.sum() for a, part in zip(drawn.advantage.double(), parts, strict=True)) / len(picked)
    assert float(model.training_step(one, 0).detach()) == pytest.approx(float(expected.detach()), rel=1e-6)


def test_its_mean_gradient_is_that_of_the_mean_reward(monkeypatch):
    """Over all captions of one word or none, each with its probability."""
    model = captioner("soft", self_critical_after=0, max_length=1)
    model._critic = SelfCritic(CAPTIONS)
    one = batch([2])
    captions = [[], *([word] for word in range(3, len(model.words)) if word != TextEncoder.end)]
    log_probs, _ = model.step(torch.tensor([TextEncoder.begin]), model.decoder.start(model.encoder(one.images)))
    mean, loss = 0.0, 0.0
    for tokens in captions:
        found = [Hypothesis(tokens, 0.0, 0.0, None)]
        monkeypatch.setattr(self_critical, "sample_sequences", lambda *_, found=found: found)
        chance = log_probs[0, tokens[0] if tokens else TextEncoder.end].exp()
        reward = model._critic._rewards(model, [tokens], [2])[0]
        mean = mean + chance * reward
        loss = loss + chance.detach() * model.training_step(one, 0)
    assert float(mean.detach()) > 0
    for weight in (model.output.weight, model.decoder.attention.energy.weight, next(model.encoder.parameters())):
        (expected,) = torch.autograd.grad(mean, weight, retain_graph=True)
        (found,) = torch.autograd.grad(loss, weight, retain_graph=True)
        assert torch.allclose(-found, expected, rtol=1e-8, atol=1e-14)
        assert expected.abs().max() > 1e-8


def test_out_of_range():
    with pytest.raises(UserError, match="model.self_critical_after"):
        Captioner(self_critical_after=-1)
