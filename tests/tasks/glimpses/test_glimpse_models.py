"""Models that look, against their definitions."""

import functools

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, Elman
from rnnbench.data.batches.batch import IGNORED
from rnnbench.data.images.scenes import SceneBatch
from rnnbench.errors import UserError
from rnnbench.tasks.glimpses import (
    ContextNetwork,
    DeepRecurrentAttention,
    GlimpseNetwork,
    Policy,
    RecurrentAttention,
    WholeImageReader,
)
from rnnbench.tasks.glimpses.metrics import SceneErrors

SPEC = {"size": 9, "classes": ["0", "1", "2", "<end>"], "answers": 3, "ends": True}
ONE = {"size": 9, "classes": ["0", "1", "2"], "answers": 1, "ends": False}
STACK = functools.partial(Backbone, cell=GRU, hidden_size=6)
GLIMPSE = functools.partial(GlimpseNetwork, width=4, scales=2, size=8, what=6, where=5)


def ram(spec=ONE, policy=None, **options):
    made = RecurrentAttention(STACK, GLIMPSE, functools.partial(Policy, **(policy or {})), **options)
    return built(made, spec)


def dram(spec=ONE, policy=None, **options):
    context = functools.partial(ContextNetwork, width=4, channels=[2], size=5)
    locator = functools.partial(Backbone, cell=Elman, hidden_size=7)
    policy = functools.partial(Policy, **(policy or {}))
    return built(DeepRecurrentAttention(STACK, locator, GLIMPSE, context, policy, **options), spec)


def built(model, spec):
    torch.manual_seed(1)
    model.use_spec(spec)
    return model.double()


def batch_of(count, spec=ONE):
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(256, (count, 9, 9), dtype=torch.uint8, generator=generator)
    y = torch.randint(3, (count, spec["answers"]), generator=generator)
    if spec["ends"]:
        y[::2, 1], y[::2, 2], y[1::2, 2] = 3, IGNORED, 3
    return SceneBatch(images, y, torch.arange(count), count)


@pytest.mark.parametrize("make", [ram, dram])
@pytest.mark.parametrize("spec", [ONE, SPEC])
@pytest.mark.parametrize("policy", [{}, {"rule": "random"}, {"rule": "gradient", "start": "random"}])
@pytest.mark.parametrize("passes", [1, 3])
def test_what_is_seen_of_an_image_depends_on_nothing_else(make, spec, policy, passes):
    model = make(spec, policy, glimpses=2, passes=passes)
    images = batch_of(5).images
    together = model.probabilities(images)
    assert together.shape == (5, spec["answers"], len(spec["classes"]))
    assert torch.allclose(together.sum(2), torch.ones(1, dtype=torch.float64))
    for number in range(5):
        assert torch.allclose(model.probabilities(images[number : number + 1])[0], together[number], atol=1e-12)
    torch.manual_seed(77)
    assert torch.equal(model.probabilities(images), together), "no drawn number plays a part"


@pytest.mark.parametrize("make", [ram, dram])
def test_probabilities_of_passes_are_averaged(make):
    model = make(passes=4, glimpses=3)
    images = batch_of(3).images
    with torch.no_grad():
        looked = model.read(images, 4)[1]
    assert len({tuple(place) for place in looked.places[:4, -1].tolist()}) == 4
    wanted = looked.scores.softmax(2).view(3, 4, 1, 3).mean(1)
    assert torch.allclose(model.probabilities(images), wanted)


def test_the_loss_is_its_equation():
    model = dram(SPEC, {"deviation": 0.2}, glimpses=2, samples=3, weight=0.5)
    batch = batch_of(4, SPEC)
    torch.manual_seed(5)
    found = model.loss(batch)
    torch.manual_seed(5)
    noise = torch.randn(6, 4, 3, 2, dtype=torch.float64)
    looked = model.look(batch.images.double() / 255, noise, drawn=True)
    total, chosen, off = 0.0, 0.0, 0.0
    for row in range(12):
        y = batch.y[row // 3].tolist()
        scores = looked.scores[row].log_softmax(1)
        right = [int(scores[i].argmax()) == y[i] for i in range(3)]
        total = total - sum(scores[i, y[i]] for i in range(3) if y[i] != IGNORED) / 3
        for look in range(6):
            returns = float(sum(right[look // 2 :]))
            baseline = model.baseline_of(looked.seen[row, look].detach())[0]
            chosen = chosen - looked.log_likelihood[row, look] * (returns - baseline.detach()) / 12
            off = off + (returns - baseline) ** 2 / 12
    assert found.units == 4
    assert torch.allclose(found.total, total)
    assert torch.allclose(found.penalty, 0.5 * chosen + off)


@pytest.mark.parametrize("make", [ram, dram])
def test_rewards_teach_where_to_look_and_the_answers_teach_the_rest(make):
    model = make(glimpses=3)
    found = model.loss(batch_of(6))
    chooses = [model.policy, *([model.locator, model.context, model.bridge] if make is dram else [])]
    of_choosing = {id(one) for part in chooses for one in part.parameters()}
    for name, part in (("answers", found.total), ("rewards", found.penalty)):
        model.zero_grad()
        part.backward(retain_graph=True)
        reached = {id(one) for one in model.parameters() if one.grad is not None and one.grad.abs().sum() > 0}
        assert bool(reached & of_choosing) == (name == "rewards")
        assert (id(model.glimpse.what.weight) in reached) == (name == "answers")
        assert (id(model.baseline_of.weight) in reached) == (name == "rewards")


def test_the_gradient_through_the_retina_reaches_the_policy():
    model = ram(policy={"rule": "gradient"}, glimpses=3)
    found = model.loss(batch_of(6))
    assert found.penalty is None
    found.total.backward()
    assert model.policy.mean.weight.grad.abs().sum() > 0
    assert model.baseline_of is None


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["reinforce", "gradient"])
def test_it_learns_to_look_where_something_is(rule):
    """A hint in the middle says in which corner the class is written: two looks see both."""
    torch.manual_seed(0)

    def scenes(count):
        side, y = torch.randint(2, (count,)), torch.randint(2, (count,))
        images = torch.zeros(count, 12, 12)
        images[:, 5:7, 5:7] = 128 + 127 * side[:, None, None].float()
        for column, there in ((0, side == 0), (8, side == 1)):
            written = torch.where(y[there] == 1, 255.0, 100.0)[:, None, None]
            images[there, 4:8, column : column + 4] = written
            other = 8 - column
            images[there, 4:8, other : other + 4] = torch.where(torch.rand(int(there.sum())) < 0.5, 255.0, 100.0)[
                :, None, None
            ]
        return SceneBatch(images.to(torch.uint8), y[:, None], torch.arange(count), count)

    glimpse = functools.partial(GlimpseNetwork, width=4, scales=1, size=32, what=32, where=16)
    policy = functools.partial(Policy, rule=rule, deviation=0.4)
    model = RecurrentAttention(functools.partial(Backbone, cell=GRU, hidden_size=32), glimpse, policy, glimpses=2)
    model.use_spec({"size": 12, "classes": ["a", "b"], "answers": 1, "ends": False})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(600):
        optimizer.zero_grad()
        found = model.loss(scenes(64))
        (found.total / 64 + (0 if found.penalty is None else found.penalty)).backward()
        optimizer.step()
    tested = scenes(400)
    right = model.probabilities(tested.images).argmax(2) == tested.y
    # Whoever looks nowhere else is right half of the time, and whoever looks at one side three times in four.
    assert right.double().mean() > 0.9


@pytest.mark.parametrize("channels", [[], [2], [2, 3]])
def test_networks_over_the_whole_image(channels):
    model = built(WholeImageReader(channels, [5]), SPEC)
    assert model(batch_of(4).images).shape == (4, 3, 4)
    found = model.loss(batch_of(4, SPEC))
    found.total.backward()
    assert all(one.grad.abs().sum() > 0 for one in model.parameters())
    assert built(WholeImageReader(), ONE).model_name() == "logistic regression on pixels"


def test_errors_by_hand():
    errors = SceneErrors()
    errors.update(
        torch.tensor([1, 0, -1]), torch.tensor([0.5, 1.5, 9.0]), torch.tensor([0, 2, 1]), torch.tensor([2, 3, 1])
    )
    values, scenes = errors.compute()
    assert (values, scenes) == ({"error": 0.5, "cross_entropy": 1.0, "symbol_error": 0.4}, 2)
    assert errors.contributions(torch.tensor([[1.5, 2.0, 3.0], [0.5, 0.0, 2.0]]))[1].tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: ram(glimpses=0), "model.glimpses"),
        (lambda: ram(samples=0), "model.samples"),
        (lambda: ram({**ONE, "size": 3}), "a glimpse of 4 x 4 pixels is larger than the image, 3 x 3"),
        (lambda: built(WholeImageReader([2] * 4), ONE), "4 convolutions make nothing of 9 pixels"),
        (lambda: WholeImageReader(sizes=[0]), "model.sizes"),
        (lambda: ContextNetwork(width=0), "model.context.width"),
    ],
)
def test_what_is_wrong_is_said(make, problem):
    with pytest.raises(UserError) as error:
        make()
    assert problem in str(error.value)
