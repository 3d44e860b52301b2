"""Drawing images stroke by stroke, and measuring how likely a model finds them."""

from rnnbench.tasks.drawing.baselines.pixels import PixelModel
from rnnbench.tasks.drawing.data import DrawingData
from rnnbench.tasks.drawing.models.auto_encoder import AutoEncoder
from rnnbench.tasks.drawing.models.draw import Draw
from rnnbench.tasks.drawing.models.rows import RowModel

__all__ = ["AutoEncoder", "Draw", "DrawingData", "PixelModel", "RowModel"]
