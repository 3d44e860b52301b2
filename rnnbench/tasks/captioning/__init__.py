"""Captions for images, with visual attention."""

from rnnbench.tasks.captioning.baselines.copying import FrequentCaption, NearestCaption
from rnnbench.tasks.captioning.data import CaptionData
from rnnbench.tasks.captioning.decoders.adaptive import AdaptiveDecoder
from rnnbench.tasks.captioning.decoders.hard import HardAttentionDecoder
from rnnbench.tasks.captioning.decoders.soft import SoftAttentionDecoder
from rnnbench.tasks.captioning.decoders.whole_image import ImageAlwaysDecoder, ImageFirstDecoder
from rnnbench.tasks.captioning.encoders.convolutional import ConvEncoder
from rnnbench.tasks.captioning.encoders.pretrained import PretrainedEncoder
from rnnbench.tasks.captioning.encoders.region_features import RegionFeatures
from rnnbench.tasks.captioning.models.recurrent import Captioner

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
