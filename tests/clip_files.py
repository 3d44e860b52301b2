"""Clips that tests make: animations and video files of grey frames."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SIDE = 16


def grey(*values, side=SIDE):
    return [Image.fromarray(np.full((side, side, 3), value, dtype=np.uint8)) for value in values]


def write_gif(path, values, duration=40):
    first, *others = grey(*values)
    first.save(path, save_all=True, append_images=others, duration=duration)


def write_table(rows, columns="clip,from,to,class"):
    Path("clips/labels.csv").write_text("\n".join([columns, *rows]) + "\n")


def video(values, times=None, rate=25, name=None, form="mp4", codec="mpeg4", **options):
    """A video file, also by its name; times in hundredths of a second, or one frame after the other at a rate."""
    av = pytest.importorskip("av")
    file = name or io.BytesIO()
    with av.open(file, "w", format=form, options=options) as box:
        stream = box.add_stream(codec, rate=rate)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 100)
        for number, image in enumerate(grey(*values)):
            frame = av.VideoFrame.from_image(image)
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 100)
            box.mux(stream.encode(frame))
        box.mux(stream.encode())
    return Path(name).read_bytes() if name else file.getvalue()
