"""Captions for images, with visual attention."""

from rnnbench.tasks.captioning.adaptive import AdaptiveDecoder
from rnnbench.tasks.captioning.attending import SoftAttentionDecoder
from rnnbench.tasks.captioning.baselines import FrequentCaption, NearestCaption
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.decoder import ImageAlwaysDecoder, ImageFirstDecoder
from rnnbench.tasks.captioning.encoder import ConvEncoder, RegionFeatures
from rnnbench.tasks.captioning.hard import HardAttentionDecoder
from rnnbench.tasks.captioning.pretrained import PretrainedEncoder
from rnnbench.tasks.captioning.recurrent import Captioner

__all__ = [
    "AdaptiveDecoder",
    "CaptionData",
    "Captioner",
    "ConvEncoder",
    "FrequentCaption",
    "HardAttentionDecoder",
    "ImageAlwaysDecoder",
    "ImageFirstDecoder",
    "NearestCaption",
    "PretrainedEncoder",
    "RegionFeatures",
    "SoftAttentionDecoder",
]
