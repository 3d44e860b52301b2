"""Animations on disk, and their labels."""

from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 16


def write_gif(path, greys, duration=40):
    first, *others = (Image.fromarray(np.full((SIDE, SIDE, 3), grey, dtype=np.uint8)) for grey in greys)
    first.save(path, save_all=True, append_images=others, duration=duration)


def write_table(rows, columns="clip,from,to,class"):
    Path("clips/labels.csv").write_text("\n".join([columns, *rows]) + "\n")
