"""The recurrent attention model as a user of PyTorch writes it, patch by patch: what ours is tested and timed with.

As in the widely used github.com/kevinzakka/recurrent-visual-attention, every image of a batch is cut by itself at
every glimpse, at whole pixels that tensors hold, and what the loss needs is computed at every step; the optimizer is
Adam as it comes, and ours has that of the presets. ``python -m rnnbench.bench.plain_ram`` prints how many images a
second both train on, in turns.
"""

from __future__ import annotations

import argparse
import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal

from rnnbench.backbone import Backbone
from rnnbench.bench.timing import ratio, time_in_turns
from rnnbench.cells import Elman
from rnnbench.data.images.scenes import SceneBatch
from rnnbench.machine import pin_to_cores
from rnnbench.tasks.glimpses import GlimpseNetwork, Policy, RecurrentAttention

_CLASSES = 10
_HIDDEN = 256
_SHAPES = ((128, 28, 8, 1, 6), (128, 60, 12, 3, 6), (32, 28, 8, 1, 6))
"""B, C, G, scales, T; the first is that of MNIST, the second that of its translated images (V. Mnih et al., 2014)."""


class PlainRAM(nn.Module):
    """The equations of `RecurrentAttention` with rectified linear units as its core, with the weights of such a model.

    Args:
        model: The model, built; its weights are copied.
    """

    def __init__(self, model: RecurrentAttention) -> None:
        super().__init__()
        cell, glimpse = model.backbone.cells[0][0], model.glimpse
        self.size, self.looks, self.width, self.scales = (
            model.size, model.looks, glimpse.retina.width, glimpse.retina.scales
        )  # fmt: skip
        self.deviation = model.policy.deviation
        hidden = cell.hidden_size
        self.what, self.where, self.both = glimpse.what, glimpse.where, glimpse.both
        self.from_glimpse, self.from_hidden = nn.Linear(glimpse.size, hidden), nn.Linear(hidden, hidden)
        with torch.no_grad():
            for layer, end in ((self.from_glimpse, "ih"), (self.from_hidden, "hh")):
                layer.weight.copy_(cell.get_parameter(f"weight_{end}"))
                layer.bias.copy_(cell.get_parameter(f"bias_{end}"))
        assert model.baseline_of is not None
        self.mean, self.output, self.baseline = model.policy.mean, model.output, model.baseline_of

    def cut(self, images: Tensor, place: Tensor, width: int) -> Tensor:
        """A patch of each image ``(B, width, width)``, image by image."""
        half = width // 2
        start = ((place + 1) * self.size / 2).round().long()
        end = start + width
        padded = F.pad(images, (half, half, half, half))
        patches = [padded[i, start[i, 1] : end[i, 1], start[i, 0] : end[i, 0]] for i in range(len(images))]
        return torch.stack(patches)

    def look(self, images: Tensor, place: Tensor) -> Tensor:
        """Patches of all scales, brought to one width and flat ``(B, scales * width^2)``."""
        patches = []
        for scale in range(self.scales):
            patch = self.cut(images, place, self.width * 2**scale)
            patches.append(F.avg_pool2d(patch[:, None], 2**scale).flatten(1))
        return torch.cat(patches, 1)

    def forward(self, images: Tensor, y: Tensor, noise: Tensor) -> Tensor:
        """The loss of images ``(B, C, C)`` of classes ``(B,)``, noise ``(T, B, 2)`` choosing the places."""
        hidden = images.new_zeros(len(images), self.from_hidden.in_features)
        place = images.new_zeros(len(images), 2)
        likelihoods, baselines = [], []
        for step in range(self.looks):
            if step:
                mean = torch.tanh(self.mean(hidden.detach()))
                chosen = (mean + self.deviation * noise[step]).detach()
                likelihoods.append(Normal(mean, self.deviation).log_prob(chosen).sum(1))
                baselines.append(self.baseline(hidden.detach())[:, 0])
                place = chosen.clamp(-1, 1)
            what, where = F.relu(self.what(self.look(images, place))), F.relu(self.where(place))
            glimpse = F.relu(self.both(torch.cat([what, where], 1)))
            hidden = F.relu(self.from_glimpse(glimpse) + self.from_hidden(hidden))
        scores = self.output(hidden)
        reward = (scores.argmax(1) == y).to(images)[:, None].repeat(1, self.looks - 1)
        baseline, likelihood = torch.stack(baselines, 1), torch.stack(likelihoods, 1)
        chosen = (-likelihood * (reward - baseline.detach())).sum(1).mean()
        return F.cross_entropy(scores, y) + chosen + ((reward - baseline) ** 2).sum(1).mean()


def model_of(size: int, width: int, scales: int, glimpses: int, hidden: int = _HIDDEN) -> RecurrentAttention:
    """A model of ours of the plain one's form, built for images of so many pixels and ten classes."""
    core = functools.partial(Backbone, cell=functools.partial(Elman, nonlinearity="relu"), hidden_size=hidden)
    glimpse = functools.partial(GlimpseNetwork, width=width, scales=scales)
    model = RecurrentAttention(core, glimpse, Policy, glimpses)
    classes = [str(number) for number in range(_CLASSES)]
    model.use_spec({"size": size, "classes": classes, "answers": 1, "ends": False})
    return model


def loss_of(model: RecurrentAttention, batch: SceneBatch) -> Tensor:
    """The loss of a batch as a training step takes it."""
    found = model.loss(batch)
    assert found.penalty is not None
    return found.total / found.units + found.penalty


def main() -> None:
    """Prints a line for each shape."""
    parser = argparse.ArgumentParser(description="Time a plain recurrent attention model against ours, in turns.")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="default: %(default)s")
    rounds = parser.parse_args().rounds
    pin_to_cores(1)
    torch.set_num_threads(1)
    for batch, size, width, scales, glimpses in _SHAPES:
        torch.manual_seed(0)
        model = model_of(size, width, scales, glimpses)
        plain = PlainRAM(model_of(size, width, scales, glimpses))
        images, y = torch.randint(256, (batch, size, size), dtype=torch.uint8), torch.randint(_CLASSES, (batch,))
        scenes = SceneBatch(images, y[:, None], torch.arange(batch), batch)
        optimizers = {
            model: torch.optim.Adam(model.parameters(), fused=True),
            plain: torch.optim.Adam(plain.parameters()),
        }

        def learn(part: nn.Module, loss: Tensor, of: dict[nn.Module, torch.optim.Adam] = optimizers) -> None:
            of[part].zero_grad()
            loss.backward()
            of[part].step()

        def train_ours(model: RecurrentAttention = model, scenes: SceneBatch = scenes) -> None:
            learn(model, loss_of(model, scenes))

        def train_plain(plain: PlainRAM = plain, scenes: SceneBatch = scenes, shape: int = glimpses) -> None:
            noise = torch.randn(shape, len(scenes.images), 2)
            learn(plain, plain(scenes.images.float() / 255, scenes.y[:, 0], noise))

        times = time_in_turns({"plain": train_plain, "ours": train_ours}, rounds, seconds=60)
        speed = {name: batch / sorted(seconds)[len(seconds) // 2] for name, seconds in times.items()}
        print(
            f"B {batch}, {size} x {size}, {glimpses} glimpses of {width} x {scales}: plain {speed['plain']:,.0f}, ours"
            f" {speed['ours']:,.0f} images a second; plain / ours = {ratio(times, 'plain', 'ours'):.2f}"
        )


if __name__ == "__main__":
    main()
