"""What is timed against each other computes the same."""

import math
import sys

import torch

from rnnbench.bench import plain_ram
from rnnbench.bench.plain_ram import PlainRAM, loss_of, model_of
from rnnbench.data.images.scenes import SceneBatch


def test_both_have_the_same_loss_and_gradients(monkeypatch):
    torch.manual_seed(0)
    model = model_of(size=16, width=4, scales=2, glimpses=3, hidden=7).double()
    plain = PlainRAM(model).double()
    # Places on whole pixels: the means are in the middle, the noise goes so many pixels from there.
    with torch.no_grad():
        model.policy.mean.weight.zero_()
        model.policy.mean.bias.zero_()
    noise = torch.randint(-9, 10, (3, 5, 2)).double() / 8 / model.policy.deviation
    images, y = torch.randint(256, (5, 16, 16), dtype=torch.uint8), torch.tensor([3, 1, 4, 1, 5])
    monkeypatch.setattr(torch, "randn", lambda *size, **options: noise.view(size))
    ours = loss_of(model, SceneBatch(images, y[:, None], torch.arange(5), 5))
    theirs = plain(images.double() / 255, y, noise)
    # Theirs has the constant of the density, too, weighed by the advantage.
    constant = 2 * (math.log(model.policy.deviation) + math.log(2 * math.pi) / 2)
    pixels = images.double() / 255
    looked = model.look(pixels, noise[:, :, None], drawn=True)
    right = (looked.scores[:, 0].argmax(1) == y).double()[:, None]
    advantage = (right - model.baseline_of(looked.seen)[..., 0]).sum(1).mean()
    assert torch.allclose(ours + constant * advantage, theirs, rtol=0, atol=1e-12)
    shared = [model.glimpse.what.weight, model.policy.mean.bias, model.output.weight, model.baseline_of.weight]
    cell = model.backbone.cells[0][0]
    fast = torch.autograd.grad(ours, [*shared, cell.weight_hh])
    slow = torch.autograd.grad(theirs, [*shared, plain.from_hidden.weight])
    for one, other in zip(fast, slow, strict=True):
        assert one.abs().sum() > 0
        assert torch.allclose(one, other, rtol=0, atol=1e-10)


def test_the_ratio_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(plain_ram, "_SHAPES", ((2, 9, 4, 1, 2),))
    monkeypatch.setattr(plain_ram, "pin_to_cores", lambda cores: None)
    monkeypatch.setattr(sys, "argv", ["plain_ram", "--rounds", "1"])
    plain_ram.main()
    assert "plain / ours = " in capsys.readouterr().out
