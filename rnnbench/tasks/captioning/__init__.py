"""Captions for images, with visual attention."""

from rnnbench.nn import ConvEncoder, PretrainedEncoder
from rnnbench.tasks.captioning.baselines.copying import FrequentCaption, NearestCaption
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.decoders.adaptive import AdaptiveDecoder
from rnnbench.tasks.captioning.decoders.hard import HardAttentionDecoder
from rnnbench.tasks.captioning.decoders.soft import SoftAttentionDecoder
from rnnbench.tasks.captioning.decoders.whole_image import ImageAlwaysDecoder, ImageFirstDecoder
from rnnbench.tasks.captioning.models.recurrent import Captioner
from rnnbench.tasks.captioning.region_features import RegionFeatures

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
