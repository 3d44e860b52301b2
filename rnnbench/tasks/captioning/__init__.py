"""Captions for images, with visual attention."""

from rnnbench.tasks.captioning.attending import SoftAttentionDecoder
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.decoder import ImageAlwaysDecoder, ImageFirstDecoder
from rnnbench.tasks.captioning.encoder import ConvEncoder
from rnnbench.tasks.captioning.recurrent import Captioner

__all__ = [
    "CaptionData",
    "Captioner",
    "ConvEncoder",
    "ImageAlwaysDecoder",
    "ImageFirstDecoder",
    "SoftAttentionDecoder",
]
