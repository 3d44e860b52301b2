"""A network that stands in for those of libraries, which need not be installed."""

import torch
from torch import nn

from rnnbench.nn import image_networks as networks

MEAN, DEVIATION = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


def layers(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = nn.Sequential(nn.Conv2d(3, 6, 4, stride=4), nn.BatchNorm2d(6), nn.ReLU())
        nn.init.normal_(made[1].running_mean, std=0.3)
        nn.init.uniform_(made[1].running_var, 0.5, 2.0)
    return made


class TinyNetwork(networks.Network):
    """A map of a cell for each 4 x 4 pixels, 6 wide; its published weights are those of seed 1."""

    asked = 0
    looks = 0

    def __init__(self, name="tiny"):
        super().__init__(name, layers(0), MEAN, DEVIATION)

    def look(self, x):
        if len(x) > 1 or torch.is_grad_enabled():
            TinyNetwork.looks += 1
        return self.layers(x)

    def published(self):
        TinyNetwork.asked += 1
        return layers(1).state_dict() | {"classifier.weight": torch.zeros(3, 6)}
