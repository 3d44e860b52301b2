"""Encoders that were trained on other images before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.errors import UserError
from rnnbench.nn.image_encoders.base import ImageEncoder
from rnnbench.nn.image_networks import first_line, make_network, published_weights, read_weights

_PUBLISHED = "pretrained"
_RANDOM = "random"


class PretrainedEncoder(ImageEncoder):
    """A network of torchvision or timm that was trained on other images, mostly ImageNet; its last map has the regions.

    It stays as it is, or is fine-tuned after some epochs. Even then statistics of batch normalisation stay those of the
    images it was trained on, and it drops nothing: a batch of captioning has few images. It takes ``pip install
    'rnnbench[vision]'``, and the internet once, for the weights; these then are part of checkpoints.

    Where images are not augmented and the network is not fine-tuned, its maps are computed once, before the training,
    and kept in the cache (``$RNNBENCH_CACHE``) for this training and others: 0.4 MB an image for resnet50 at 224
    pixels. They are kept as exactly as they are computed, so that this changes nothing but the time.

    Args:
        image_size: Pixels of a side.
        name: Its name in torchvision, such as ``resnet50``; or on the hub of timm, such as ``timm/resnet50.a1_in1k``.
        weights: ``pretrained`` for those of the library, ``random`` for none, or else a file of them: safetensors, or
            what ``torch.save(network.state_dict(), FILE)`` writes.
        fine_tune_after: Number of epochs after which the network learns, too; null for never.
        learning_rate_factor: By how much the learning rate is multiplied for the network.
        dropout: Rate at which values of the regions are dropped in training.
        cache: Whether its maps are computed once, where that is possible, and kept.
    """

    loaded: Tensor

    def __init__(
        self,
        image_size: int,
        name: str = "resnet50",
        weights: str = _PUBLISHED,
        fine_tune_after: int | None = None,
        learning_rate_factor: float = 0.1,
        dropout: float = 0.0,
        cache: bool = True,
    ) -> None:
        super().__init__()
        if fine_tune_after is not None and fine_tune_after < 0:
            raise UserError(f"must be 0 or more, found {fine_tune_after}", where="model.encoder.fine_tune_after")
        if learning_rate_factor <= 0:
            raise UserError(
                f"must be more than 0, found {learning_rate_factor}", where="model.encoder.learning_rate_factor"
            )
        self.name = name
        self.weights = weights
        self.fine_tune_after = fine_tune_after
        self.learning_rate_factor = learning_rate_factor
        self.cache = cache
        self.image_size = image_size
        self.network = make_network(name).requires_grad_(fine_tune_after is not None)
        self.dropout = nn.Dropout(dropout)
        # The memory check, which comes before the first epoch, has to see the most that there will be.
        self.learns = fine_tune_after is not None
        # Part of a checkpoint, from which there is nothing to fetch.
        self.register_buffer("loaded", torch.tensor(False))
        _, self.output_size, *grid = self._shape()
        self.grid = (grid[0], grid[1])

    def look(self, images: Tensor) -> Tensor:
        """See `ImageEncoder.look`; of images ``(B, 3, S, S)`` uint8, or of what the network has made of them."""
        maps = images
        if not images.is_floating_point():
            # Only here: Lightning warns of a model that begins to train with a part in evaluation mode.
            self.network.eval()
            with torch.set_grad_enabled(self.learns and torch.is_grad_enabled()):
                maps = self.network(images)
            self.network.train(self.training)
        maps = maps.to(self.network.mean.dtype)
        return self.dropout(maps.contiguous(memory_format=torch.channels_last))

    def start_training(self, processes: int) -> None:
        """See `RegionEncoder.start_training`: puts the weights in place."""
        if self.fine_tune_after and processes > 1:
            raise UserError(
                f"what begins to learn in mid-training is learned in one process, and there are {processes}",
                where="model.encoder.fine_tune_after",
                hint="--trainer.devices 1; or fine_tune_after: 0",
            )
        if not self.loaded and self.weights != _RANDOM:
            if self.weights == _PUBLISHED:
                found = published_weights(self.network)
            else:
                found = read_weights(Path(self.weights).expanduser())
            self.network.load(found, where=f"model.encoder.weights {self.weights}")
        self.loaded.fill_(True)

    def start_epoch(self, epoch: int) -> None:
        """See `RegionEncoder.start_epoch`."""
        self.learns = self.fine_tune_after is not None and epoch >= self.fine_tune_after

    def map_key(self) -> str | None:
        """See `ImageEncoder.map_key`: the name and a hash of all weights."""
        if self.fine_tune_after is not None or not self.cache:
            return None
        digest = hashlib.sha256()
        for name, value in self.network.state_dict().items():
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        return f"{self.name} {digest.hexdigest()}"

    def flops(self) -> int:
        """See `ImageEncoder.flops`; those of convolutions and matrix products."""
        with FlopCounterMode(display=False) as counter:
            self._shape()
        return counter.get_total_flops()

    def _shape(self) -> torch.Size:
        """That of the map of one image."""
        pixels = torch.zeros(1, 3, self.image_size, self.image_size, dtype=torch.uint8, device=self.loaded.device)
        try:
            with torch.no_grad():
                return self.look(pixels).shape
        except (RuntimeError, AssertionError, ValueError) as error:
            raise UserError(
                f"{self.name} does not read images of {self.image_size} pixels: {first_line(error)}",
                where="data.image_size",
                hint="most networks read 224",
            ) from None
