"""Video: a class for every frame of a clip, or one for all of it."""

from rnnbench.tasks.video.baselines.frames import FrameModel
from rnnbench.tasks.video.baselines.majority import MajorityModel
from rnnbench.tasks.video.data import VideoData
from rnnbench.tasks.video.models.recurrent import RecurrentVideoModel

__all__ = [
    "FrameModel",
    "MajorityModel",
    "RecurrentVideoModel",
    "VideoData",
]
