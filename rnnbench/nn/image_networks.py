"""Networks of torchvision and timm, up to the map that their last stage makes of an image."""

from __future__ import annotations

import functools
import importlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean

_OPTION = "model.encoder.name"
_TIMM = "timm/"
# Those of torchvision that call their layers one after the other, and `avgpool` after the last map.
_FAMILIES = (
    *("alexnet", "convnext", "efficientnet", "mobilenet_v3", "regnet", "resnet", "resnext", "swin", "vgg"),
    "wide_resnet",
)
_SHOWN = 3


class Network(nn.Module, ABC):
    """A network without its classifier, as it is drawn at random.

    Args:
        name: What errors call it.
        layers: The network, whose weights have the names that they have in the library.
        mean: Of red, green and blue, each from 0 to 1, in the images that it was trained with.
        deviation: Their standard deviations.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, name: str, layers: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.name = name
        self.layers = layers
        for buffer, values in (("mean", mean), ("deviation", deviation)):
            self.register_buffer(buffer, torch.tensor(values).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, 3, S, S)`` uint8 -> a map ``(B, M, rows, columns)``."""
        x = (images.to(self.mean.dtype) / 255 - self.mean) / self.deviation
        return self.look(x.contiguous(memory_format=torch.channels_last))

    @abstractmethod
    def look(self, x: Tensor) -> Tensor:
        """Normalised images ``(B, 3, S, S)`` -> a map ``(B, M, rows, columns)``."""

    @abstractmethod
    def published(self) -> Mapping[str, Tensor]:
        """The weights that the library has for it, over the network if need be."""

    def load(self, weights: Mapping[str, Tensor], where: str) -> None:
        """Takes over weights; those that it has no use for, such as a classifier's, are left alone.

        Args:
            weights: By name.
            where: Where they come from, for errors.

        Raises:
            UserError: Some are missing or of another shape.
        """
        own = self.layers.state_dict()
        wrong = [
            f"{key} {tuple(value.shape)}"
            for key, value in own.items()
            # Older files do not count batches, of which the count is not used.
            if not key.endswith("num_batches_tracked") and (key not in weights or weights[key].shape != value.shape)
        ]
        if wrong:
            raise UserError(
                f"{len(wrong)} of the {len(own)} weights of {self.name} are missing or of another shape:"
                f" {', '.join(wrong[:_SHOWN])}{', ...' if len(wrong) > _SHOWN else ''}",
                where=where,
            )
        self.layers.load_state_dict({key: weights[key] for key in own if key in weights}, strict=False)


class TorchvisionNetwork(Network):
    """A network of torchvision.

    Args:
        name: Its name there.
    """

    def __init__(self, name: str) -> None:
        models = _library("torchvision.models")
        known = [one for one in models.list_models(module=models) if one.startswith(_FAMILIES)]
        if name not in known:
            raise UserError(
                f"no network of torchvision is called {name!r}, or none that a map is known of",
                where=_OPTION,
                hint=f"{did_you_mean(name, known)}; or timm/NAME for one of timm",
            )
        whole = models.get_model(name, weights=None)
        body = takewhile(lambda child: child[0] != "avgpool", whole.named_children())
        self._default = models.get_model_weights(name).DEFAULT
        seen = self._default.transforms()
        super().__init__(name, nn.Sequential(OrderedDict(body)), seen.mean, seen.std)

    def look(self, x: Tensor) -> Tensor:
        """See `Network.look`."""
        return self.layers(x)

    def published(self) -> Mapping[str, Tensor]:
        """See `Network.published`."""
        return self._default.get_state_dict(progress=True, check_hash=True)


class TimmNetwork(Network):
    """A network of timm.

    Args:
        name: Its name there, such as ``resnet50.a1_in1k``, or ``resnet50`` for the weights that timm prefers.
    """

    def __init__(self, name: str) -> None:
        timm = _library("timm")
        if name not in {*timm.list_models(), *timm.list_pretrained()}:
            raise UserError(f"no network of timm is called {name!r}", where=_OPTION, hint=_near_in_timm(name))
        whole = timm.create_model(name, pretrained=False, num_classes=0)
        if not hasattr(whole, "forward_intermediates"):
            raise UserError(f"timm gives no map of {name}", where=_OPTION, hint="a convolutional network has one")
        whole.prune_intermediate_layers(indices=1, prune_head=True)
        super().__init__(_TIMM + name, whole, whole.pretrained_cfg["mean"], whole.pretrained_cfg["std"])

    def look(self, x: Tensor) -> Tensor:
        """See `Network.look`."""
        layers: Any = self.layers
        (found,) = layers.forward_intermediates(x, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True)
        return found

    def published(self) -> Mapping[str, Tensor]:
        """See `Network.published`."""
        name = self.name.removeprefix(_TIMM)
        # What the copy draws must not change what is drawn after it.
        with torch.random.fork_rng(devices=[]):
            return _library("timm").create_model(name, pretrained=True, num_classes=0).state_dict()


def make_network(name: str) -> Network:
    """The network of this name, drawn at random.

    Args:
        name: Of torchvision; or ``timm/`` and a name of timm.

    Raises:
        UserError: There is none, or the library is missing.
    """
    return TimmNetwork(name.removeprefix(_TIMM)) if name.startswith(_TIMM) else TorchvisionNetwork(name)


def published_weights(network: Network) -> Mapping[str, Tensor]:
    """The weights that the library has for a network: the only place where the network is asked.

    Raises:
        UserError: They cannot be had.
    """
    try:
        return network.published()
    except Exception as error:
        # The libraries raise whatever their many parts raise; any of it means: not to be had, and here is why.
        raise UserError(
            f"the weights of {network.name} cannot be fetched: {first_line(error)}",
            where="model.encoder.weights",
            hint="a file of them on this machine: --model.encoder.weights FILE",
        ) from error


def read_weights(file: Path) -> Mapping[str, Tensor]:
    """Weights in a file of safetensors, or in one that ``torch.save`` wrote; nothing is unpickled.

    Args:
        file: The file: weights by name, or those under ``state_dict`` in it.

    Raises:
        UserError: It cannot be read.
    """
    if not file.is_file():
        raise UserError("there is no such file of weights", where=file, hint="--model.encoder.weights FILE")
    read: Any = functools.partial(torch.load, map_location="cpu", weights_only=True)
    if file.suffix == ".safetensors":
        read = _library("safetensors.torch").load_file
    try:
        found = read(file)
    except Exception as error:
        # Of a file that is none both readers raise what they happen to stumble over.
        raise UserError(f"no weights that can be read: {first_line(error)}", where=file) from None
    if isinstance(found, dict) and isinstance(found.get("state_dict"), dict):
        found = found["state_dict"]
    if not isinstance(found, dict) or not all(isinstance(one, Tensor) for one in found.values()):
        raise UserError("no weights by name", where=file, hint="save network.state_dict()")
    return found


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _near_in_timm(name: str) -> str:
    """What was probably meant: other weights of the same network, or a network with a name like this."""
    timm = _library("timm")
    network = name.partition(".")[0]
    tagged = [f"{_TIMM}{one}" for one in timm.list_pretrained() if one.startswith(f"{network}.")]
    if tagged:
        return f"known: {', '.join(tagged)}"
    near = did_you_mean(network, timm.list_models())
    # All of them are more than a thousand.
    return near.replace(": ", f": {_TIMM}") if near.startswith("did") else "timm.list_pretrained() names them all"


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        # A torchvision that was built for another torch is there, and raises a RuntimeError.
        reason = first_line(error)
        if isinstance(error, ModuleNotFoundError):
            reason = f"the package {error.name} is missing"
        raise UserError(
            f"this encoder needs {name.partition('.')[0]}: {reason}",
            where="model.encoder",
            hint="pip install 'rnnbench[vision]'",
        ) from None
