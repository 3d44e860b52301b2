"""Models of images against their definitions."""

import functools
import itertools
import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data.images.scenes import SceneBatch
from rnnbench.errors import UserError
from rnnbench.tasks.drawing import AutoEncoder, Draw, PixelModel, RowModel
from rnnbench.tasks.drawing.attention import WindowLayer
from rnnbench.tasks.drawing.likelihood import Gaussian
from rnnbench.tasks.drawing.metrics import ImageBounds

SPEC = {"size": 5, "classes": ["a", "b", "c"], "binary": True}
STACK = functools.partial(Backbone, cell=GRU, hidden_size=6)
ENCODER = functools.partial(Backbone, cell=LSTM, hidden_size=7)


def built(model, spec=SPEC):
    torch.manual_seed(1)
    model.use_spec(spec)
    return model.double().eval()


def draw(spec=SPEC, **options):
    return built(Draw(STACK, ENCODER, **{"steps": 3, "latent": 2, "read": 2, "write": 3, **options}), spec)


MODELS = {
    "windows": draw,
    "whole": functools.partial(draw, read=0, write=0),
    "told": functools.partial(draw, conditional=True),
    "auto_encoder": lambda spec=SPEC: built(AutoEncoder([8], 4), spec),
    "rows": lambda spec=SPEC: built(RowModel(STACK), spec),
    "pixels": lambda spec=SPEC: built(PixelModel(), spec),
}
ALL = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())


def images_of(count, size=5):
    generator = torch.Generator().manual_seed(2)
    images = torch.randint(2, (count, size, size), generator=generator).to(torch.uint8) * 255
    return images, torch.arange(count) % 3


def test_a_window_is_the_sum_over_pixels():
    torch.manual_seed(0)
    layer = WindowLayer(4, 6, 3).double()
    vector = torch.randn(2, 4, dtype=torch.float64)
    x, patch = torch.rand(2, 6, 6, dtype=torch.float64), torch.rand(2, 9, dtype=torch.float64)
    layer.requires_grad_(False)
    window = layer(vector)
    for row in range(2):
        gx, gy, log_variance, log_stride, log_strength = layer.linear(vector[row]).tolist()
        stride, variance, strength = 5 / 2 * math.exp(log_stride), math.exp(log_variance), math.exp(log_strength)

        def weights(g, i, stride=stride, variance=variance):
            mean = 7 / 2 * (g + 1) + (i - 3 / 2 - 0.5) * stride
            found = [math.exp(-((a - mean) ** 2) / (2 * variance)) for a in range(1, 7)]
            return [one / (sum(found) + 1e-8) for one in found]

        columns, rows = ([weights(g, i) for i in (1, 2, 3)] for g in (gx, gy))
        for i, j in itertools.product(range(3), range(3)):
            pixels = itertools.product(range(6), range(6))
            read = strength * sum(rows[i][b] * columns[j][a] * float(x[row, b, a]) for b, a in pixels)
            assert float(window.read(x)[row, 3 * i + j]) == pytest.approx(read, abs=1e-12)
        for b, a in itertools.product(range(6), range(6)):
            written = sum(rows[i][b] * columns[j][a] * float(patch[row, 3 * i + j]) for i in range(3) for j in range(3))
            assert float(window.write(patch)[row, b, a]) == pytest.approx(written / strength, abs=1e-12)
        assert float(window.corners[row, 2]) == pytest.approx(2 * stride)


def test_windows_are_differentiable():
    layer = WindowLayer(3, 4, 2).double()
    x = torch.rand(1, 4, 4, dtype=torch.float64)
    vector = torch.randn(1, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: layer(v).read(x), vector)
    assert torch.autograd.gradcheck(lambda v: layer(v).write(x[:, :2, :2].flatten(1)), vector)


@ALL
def test_bounds_depend_on_the_image_alone(make):
    model = make()
    images, y = images_of(4)
    with torch.no_grad():
        together = model.bounds_of(images, y, 3)
        torch.manual_seed(9)
        for number in range(4):
            alone = model.bounds_of(images[number : number + 1], y[number : number + 1], 3)
            for one, other in zip(alone, together, strict=True):
                assert torch.allclose(one[0], other[number], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["windows", "whole", "told", "auto_encoder"])
def test_the_divergence_is_its_monte_carlo_estimate(name):
    model = MODELS[name]()
    images, y = images_of(1)
    x = (images.flatten(1) / 255).double().expand(40_000, -1)
    torch.manual_seed(3)
    with torch.no_grad():
        weighed = model.weigh(x, y.expand(40_000), torch.randn(40_000, model.noise_size, dtype=torch.float64))
    difference = weighed.divergence + weighed.ratio
    assert difference.std() > 0
    assert abs(difference.mean()) < 5 * difference.std() / 200


def test_the_divergence_of_one_stroke_is_that_of_two_normal_distributions():
    model = built(AutoEncoder([8], 4))
    images, y = images_of(3)
    x = (images.flatten(1) / 255).double()
    mean, log_deviation = model.encode(x).chunk(2, 1)
    noise = torch.randn(3, 4, dtype=torch.float64)
    behind, prior = Normal(mean, log_deviation.exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean))
    z = mean + log_deviation.exp() * noise
    weighed = model.weigh(x, y, noise)
    assert torch.allclose(weighed.divergence, kl_divergence(behind, prior).sum(1))
    assert torch.allclose(weighed.ratio, (prior.log_prob(z) - behind.log_prob(z)).sum(1))


@pytest.mark.parametrize("name", ["rows", "pixels"])
def test_an_exact_likelihood_sums_to_one(name):
    spec = {**SPEC, "size": 3}
    model = MODELS[name](spec)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=9)), dtype=torch.float64)
    with torch.no_grad():
        weighed = model.weigh(every, torch.zeros(512, dtype=torch.int64), every)
    assert float(weighed.likelihood.double().exp().sum()) == pytest.approx(1, abs=1e-9)
    images, y = images_of(4, 3)
    with torch.no_grad():
        bound, weighted = model.bounds_of(images, y, 7)
    assert torch.allclose(bound, weighted), "nothing behind it is drawn"


def test_more_samples_make_the_bound_tighter_and_all_bound_the_likelihood():
    model = draw({**SPEC, "size": 3}, read=0, write=0)
    images, y = images_of(40, 3)
    with torch.no_grad():
        bound, one = model.bounds_of(images, y, 1)
        _, many = model.bounds_of(images, y, 100)
        # The likelihood itself: the mean over what may lie behind an image. What is drawn for the bound hardly strays
        # from that here, so that its samples weigh about the same.
        model.code.weight.mul_(0.1)
        model.code.bias.mul_(0.1)
        _, most = model.bounds_of(images[:2], y[:2], 8000)
        noise = torch.randn(20_000, model.noise_size, dtype=torch.float64)
        canvas = model.draw(torch.zeros(20_000, dtype=torch.int64), noise).canvases[:, -1].flatten(1).logit()
        x = (images[:2].flatten(1) / 255).double()
        likely = torch.stack([model.likelihood(canvas, one.expand(20_000, -1)) for one in x])
    assert many.mean() < one.mean()
    assert many.mean() < bound.mean()
    assert torch.allclose(most, math.log(20_000) - likely.logsumexp(1), rtol=0, atol=0.03)


def test_grey_values_have_a_probability_each():
    likelihood = Gaussian().double()
    canvas = torch.tensor([[0.3]], dtype=torch.float64)
    # Spread so finely that the mean over the spread is an integral.
    x = (torch.arange(256)[:, None] + (torch.arange(64) + 0.5) / 64) / 256
    logs = likelihood(canvas.expand(256 * 64, 1), x.double().view(-1, 1)).view(256, 64).mean(1)
    middle = torch.sigmoid(canvas)[0, 0]
    deviation = likelihood.log_deviation.exp()
    edges = Normal(middle, deviation).cdf(torch.arange(257, dtype=torch.float64) / 256)
    true = (edges[1:] - edges[:-1]).log()
    assert bool((logs <= true + 1e-6).all())
    assert torch.allclose(logs, true, atol=1e-4)
    grey = draw({**SPEC, "binary": False})
    images = torch.randint(256, (3, 5, 5), dtype=torch.uint8)
    with torch.no_grad():
        assert grey.bounds_of(images, torch.zeros(3, dtype=torch.int64), 4)[0].shape == (3,)
        again = grey.bounds_of(images[1:2], torch.zeros(1, dtype=torch.int64), 4)[0]
        assert torch.allclose(again, grey.bounds_of(images, torch.zeros(3, dtype=torch.int64), 4)[0][1:2])


@ALL
def test_drawings_are_images_of_as_many_strokes(make):
    model = make()
    noise = torch.randn(4, model.noise_size, dtype=torch.float64)
    with torch.no_grad():
        drawn = model.draw(torch.arange(4) % 3, noise)
    assert drawn.canvases.shape[0] == 4
    assert drawn.canvases.shape[2:] == (5, 5)
    assert 0 <= float(drawn.canvases.min()) <= float(drawn.canvases.max()) <= 1
    # What was drawn is not drawn anew: as many of the canvases as there are strokes.
    assert drawn.canvases.shape[1] in {1, 3, 5}


def test_rows_are_drawn_as_likely_as_they_are():
    model = MODELS["rows"]({**SPEC, "size": 2})
    torch.manual_seed(4)
    with torch.no_grad():
        drawn = model.draw(torch.zeros(20_000, dtype=torch.int64), torch.randn(20_000, 4, dtype=torch.float64))
        found = drawn.canvases[:, -1].flatten(1)
        every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64)
        likely = model.weigh(every, torch.zeros(16, dtype=torch.int64), every).likelihood.exp()
    shares = torch.stack([(found == one).all(1).double().mean() for one in every])
    assert (shares - likely).abs().max() < 5 / math.sqrt(20_000)


@pytest.mark.parametrize("name", ["windows", "whole", "told", "auto_encoder", "rows"])
def test_everything_learns(name):
    model = MODELS[name]()
    images, y = images_of(6)
    found = model.loss(SceneBatch(images, y[:, None], torch.arange(6), 6))
    found.total.backward()
    assert found.units == 6
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in model.parameters())


def test_a_class_is_told():
    model = MODELS["told"]()
    images, _ = images_of(2)
    with torch.no_grad():
        bounds = [model.bounds_of(images, torch.full((2,), y), 1)[0] for y in (0, 1)]
    assert not torch.allclose(*bounds)
    assert model.model_name().endswith("told")


def test_metrics_by_hand():
    bounds = ImageBounds(pixels=2)
    bounds.update(torch.tensor([1, -1, 0]), torch.tensor([3.0, 9.0, 1.0]), torch.tensor([2.0, 9.0, 0.5]))
    values, images = bounds.compute()
    assert (values, images) == (
        {"bound": 2.0, "importance_bound": 1.25, "bits_per_dimension": pytest.approx(1 / math.log(2))},
        2,
    )


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Draw(steps=0), "model.steps"),
        (lambda: Draw(latent=0), "model.latent"),
        (lambda: Draw(importance_samples=0), "model.importance_samples"),
        (lambda: draw(read=6), "--model.read"),
        (lambda: AutoEncoder(sizes=[]), "model.sizes"),
    ],
)
def test_what_is_wrong_is_said(make, problem):
    with pytest.raises(UserError, match=problem):
        make()
