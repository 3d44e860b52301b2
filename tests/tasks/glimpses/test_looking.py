"""The retina, the policy and the noise against their definitions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal

from rnnbench.errors import UserError
from rnnbench.tasks.base.noise import noise_of
from rnnbench.tasks.glimpses.looking.glimpse import GlimpseNetwork
from rnnbench.tasks.glimpses.looking.policy import Policy
from rnnbench.tasks.glimpses.looking.retina import Retina


def by_definition(image, left, top, width, scale):
    """A patch pixel by pixel: the mean over squares of 2^scale pixels, 0 beyond the image."""
    box = 2**scale
    left, top = left - width * (box - 1) // 2, top - width * (box - 1) // 2

    def pixel(row, column):
        inside = 0 <= row < len(image) and 0 <= column < len(image)
        return float(image[row, column]) if inside else 0.0

    return [
        [
            sum(pixel(top + i * box + a, left + j * box + b) for a in range(box) for b in range(box)) / box**2
            for j in range(width)
        ]
        for i in range(width)
    ]


@settings(max_examples=30)
@given(st.integers(3, 9), st.sampled_from([2, 4]), st.integers(1, 3), st.data())
def test_a_glimpse_at_whole_pixels_is_the_definition(size, width, scales, data):
    image = torch.rand(size, size, dtype=torch.float64)
    retina = Retina(width, scales)
    left, top = (data.draw(st.integers(-width // 2, size - width // 2)) for _ in range(2))
    place = (torch.tensor([[left, top]]).double() + width / 2) * 2 / size - 1
    found = retina(retina.pyramid(image[None]), place)[0]
    for scale, patch in enumerate(found):
        assert torch.allclose(patch, torch.tensor(by_definition(image, left, top, width, scale)).double(), atol=1e-12)


def test_between_pixels_is_interpolated():
    image = torch.rand(1, 6, 6, dtype=torch.float64)
    retina = Retina(2)
    pyramid = retina.pyramid(image)

    def at(x, y):
        return retina(pyramid, torch.tensor([[x, y]]).double() / 3 - 1)[0, 0]

    assert torch.allclose(at(2.25, 3), 0.75 * at(2, 3) + 0.25 * at(3, 3))
    assert torch.allclose(at(2, 3.5), 0.5 * at(2, 3) + 0.5 * at(2, 4))


def test_several_places_of_an_image_are_looked_at_one_by_one():
    images = torch.rand(3, 7, 7, dtype=torch.float64)
    retina = Retina(3, 2)
    places = torch.rand(6, 2, dtype=torch.float64) * 2 - 1
    together = retina(retina.pyramid(images), places)
    for row in range(6):
        alone = retina(retina.pyramid(images[row // 2][None]), places[row : row + 1])
        assert torch.allclose(together[row : row + 1], alone, rtol=0, atol=1e-12)


def test_the_retina_is_differentiable_in_the_place():
    image = torch.rand(1, 6, 6, dtype=torch.float64)
    retina = Retina(3, 2)
    place = torch.tensor([[0.137, -0.211]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda at: retina(retina.pyramid(image), at), place)


def test_one_pixel_is_an_image():
    retina = Retina(1, 2)
    found = retina(retina.pyramid(torch.ones(1, 1, 1)), torch.zeros(1, 2))
    assert found.flatten().tolist() == [1.0, 0.25]


@pytest.mark.parametrize("join", ["sum", "product"])
def test_the_glimpse_network_is_its_equation(join):
    network = GlimpseNetwork(3, 2, size=5, what=4, where=3, join=join).double()
    patches, places = torch.rand(2, 2, 3, 3, dtype=torch.float64), torch.rand(2, 2, dtype=torch.float64)
    what, where = network.what(patches.flatten(1)).relu(), network.where(places).relu()
    if join == "sum":
        wanted = (what @ network.both.weight[:, :4].T + where @ network.both.weight[:, 4:].T + network.both.bias).relu()
    else:
        wanted = network.of_what(what).relu() * network.of_where(where).relu()
    assert torch.allclose(network(patches, places), wanted)
    assert network.flops() == sum(2 * one.numel() for one in network.parameters() if one.dim() == 2)


@pytest.mark.parametrize("learned", [False, True])
def test_places_are_drawn_with_the_likelihood_of_a_normal_distribution(learned):
    policy = Policy(4, deviation=0.3, learned=learned).double()
    seen, noise = torch.randn(5, 4, dtype=torch.float64), torch.randn(5, 2, dtype=torch.float64)
    place = policy(seen, noise, drawn=True)
    mean = policy.mean(seen).tanh()
    assert torch.allclose(place.at, (mean + 0.3 * noise).clamp(-1, 1))
    assert not place.at.requires_grad
    wanted = Normal(mean, 0.3).log_prob((mean + 0.3 * noise).detach()).sum(1)
    difference = place.log_likelihood - wanted
    # A constant that is left out has no gradient.
    assert torch.allclose(difference, difference[:1].expand(5))
    for one, other in zip(
        torch.autograd.grad(place.log_likelihood.sum(), policy.mean.parameters()),
        torch.autograd.grad(wanted.sum(), policy.mean.parameters()),
        strict=True,
    ):
        assert torch.allclose(one, other)
    assert torch.equal(policy(seen, noise, drawn=False).at, mean)


def test_other_rules():
    seen, noise = torch.randn(400, 4), torch.randn(400, 2)
    random = Policy(4, rule="random")
    at = random(seen, noise, drawn=True).at
    assert at.abs().max() <= 1
    # A quarter of them in each quarter, within what 400 draws can be off.
    assert (at < -0.5).double().mean().item() == pytest.approx(0.25, abs=0.08)
    assert list(random.parameters()) == []
    gradient = Policy(4, rule="gradient")
    place = gradient(seen, noise, drawn=True)
    assert place.log_likelihood is None
    assert place.at.requires_grad
    assert Policy(4).first(noise).at.abs().max() == 0
    assert torch.equal(Policy(4, start="random").first(noise).at, at)


def test_noise_belongs_to_the_image():
    images = torch.randint(256, (4, 5, 5), dtype=torch.uint8)
    noise = noise_of(images, 6)
    assert noise.shape == (4, 6)
    assert torch.equal(noise_of(images[2:3], 6), noise[2:3])
    assert not torch.equal(noise[0], noise[1])
    many = noise_of(torch.randint(256, (500, 5, 5), dtype=torch.uint8), 8)
    assert many.mean().abs() < 5 / math.sqrt(many.numel())
    assert many.std().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Retina(0), "model.glimpse.width"),
        (lambda: Retina(4, 0), "model.glimpse.scales"),
        (lambda: GlimpseNetwork(join="add"), "there is no way 'add'"),
        (lambda: GlimpseNetwork(what=0), "model.glimpse.what"),
        (lambda: Policy(3, rule="reinforced"), "there is no rule 'reinforced'.*\n.*reinforce"),
        (lambda: Policy(3, start="center"), "there is no start 'center'"),
        (lambda: Policy(3, deviation=0.0), "model.policy.deviation"),
    ],
)
def test_what_is_wrong_is_said(make, problem):
    with pytest.raises(UserError) as error:
        make()
    import re

    assert re.search(problem, str(error.value), re.DOTALL)
