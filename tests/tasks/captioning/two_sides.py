"""Images of two colours with captions, and options that make a preset small."""

import io
import json

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 40), "blue": (30, 60, 220), "grey": (128, 128, 128)}
SIZES = {"train": 24, "validation": 7, "test": 9}


def picture(number, size=(20, 16)):
    """Two colours side by side, and their names."""
    names = list(COLOURS)
    left, right = names[number % 4], names[(number // 4 + number) % 4]
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    pixels[:, : size[0] // 2], pixels[:, size[0] // 2 :] = COLOURS[left], COLOURS[right]
    return Image.fromarray(pixels), left, right


def captions(left, right):
    return [f"A {left} and a {right} side .", f"{left} left, {right} right", f"this is {left} beside {right}."]


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def write_corpus(folder, sizes=SIZES):
    """JSON lines beside a folder of images."""
    (folder / "images").mkdir(parents=True)
    number = 0
    for split, size in sizes.items():
        rows = []
        for _ in range(size):
            image, left, right = picture(number)
            name = f"images/{number}.png"
            image.save(folder / name)
            rows.append({"image": name, "captions": captions(left, right)})
            number += 1
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


SMALL = (
    " --model.encoder.channels [8,8] --model.encoder.halvings 1 --model.backbone.hidden_size 12"
    " --model.backbone.engine reference --model.embedding.embedding_size 8 --data.image_size 16 --data.batch_size 8"
    " --trainer.log_every_n_steps 1 --data.source Files --data.source.path {folder} --data.folder {folder}"
)


def small(folder, preset="builtin"):
    return f"--config captioning/{preset}" + SMALL.format(folder=folder)
