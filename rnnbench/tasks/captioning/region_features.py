"""Features that were computed elsewhere, read in place of pixels."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import nn

from rnnbench.errors import UserError
from rnnbench.nn.decoder import Encoded
from rnnbench.nn.image_encoders.base import RegionEncoder
from rnnbench.tasks.captioning.batch import Regions


class RegionFeatures(RegionEncoder):
    """Reads features that lie in files: of the boxes of a detector, or of any network's map.

        v_s = LayerNorm(W x_s + b)

    P. Anderson et al., Bottom-Up and Top-Down Attention for Image Captioning and Visual Question Answering, CVPR 2018,
    train a decoder on such regions. An image may have any number of them.

    Args:
        feature_size: Width D of the features.
        size: Width M of a region's vector.
        dropout: Rate at which values of the regions are dropped in training.
    """

    reads_features: ClassVar[bool] = True

    def __init__(self, feature_size: int, size: int = 512, dropout: float = 0.0) -> None:
        super().__init__()
        if size < 1:
            raise UserError(f"must be at least 1, found {size}", where="model.encoder.size")
        self.layers = nn.Sequential(nn.Linear(feature_size, size), nn.LayerNorm(size), nn.Dropout(dropout))
        self.output_size = size

    def forward(self, images: Regions) -> Encoded:
        """See `RegionEncoder.forward`."""
        values = self.layers(images.values.to(next(self.parameters()).dtype))
        valid = torch.arange(values.shape[1], device=values.device) < images.lengths[:, None]
        values = torch.where(valid[..., None], values, values.new_zeros(()))
        return Encoded(values, images.lengths, values.sum(1) / images.lengths[:, None], ())
