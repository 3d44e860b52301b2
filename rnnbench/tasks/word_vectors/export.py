"""Word vectors as files for other programs: those of word2vec, of TensorBoard's projector, and a page for people."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.safe_files import replace_bytes, replace_text
from rnnbench.tasks.base.plane import principal_axes
from rnnbench.tasks.word_vectors.lookup import unit
from rnnbench.tasks.word_vectors.model import WordModel
from rnnbench.tasks.word_vectors.show import t_sne

# Words of a page: t-SNE of more takes minutes, and nobody sees them.
_SHOWN = 2000


def write_text(model: WordModel, folder: Path) -> list[Path]:
    """``vectors.txt``: number of words and values, then a word and its values a line; what gensim and we read.

    Args:
        model: A trained model.
        folder: Where to.

    Returns:
        The files.
    """
    words, vectors = _writable(model)
    lines = [f"{len(words)} {vectors.shape[1]}"]
    # Nine digits give back the same number of 32 bits.
    lines += [f"{word} {' '.join(map('%.9g'.__mod__, row.tolist()))}" for word, row in zip(words, vectors, strict=True)]
    return [_written(folder / "vectors.txt", "\n".join(lines) + "\n")]


def write_binary(model: WordModel, folder: Path) -> list[Path]:
    """``vectors.bin``: the same with values as they are in memory; takes and returns what `write_text` does."""
    words, vectors = _writable(model)
    path = folder / "vectors.bin"

    def parts() -> Iterator[bytes]:
        yield f"{len(words)} {vectors.shape[1]}\n".encode()
        for word, row in zip(words, vectors, strict=True):
            yield f"{word} ".encode() + row.astype("<f4").tobytes() + b"\n"

    replace_bytes(path, b"".join(parts()))
    return [path]


def write_projector(model: WordModel, folder: Path) -> list[Path]:
    """Tables that TensorBoard's projector loads, also in a browser; takes and returns what `write_text` does."""
    words, vectors = _writable(model)
    rows = "".join("\t".join(map("%.9g".__mod__, row.tolist())) + "\n" for row in vectors)
    config = 'embeddings {\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}\n'
    return [
        _written(folder / "vectors.tsv", rows),
        # One column has no heading.
        _written(folder / "metadata.tsv", "".join(f"{word}\n" for word in words)),
        _written(folder / "projector_config.pbtxt", config),
    ]


def write_page(model: WordModel, folder: Path) -> list[Path]:
    """``words.html``: a map of frequent words that opens from disk; takes and returns what `write_text` does."""
    words, vectors = _writable(model)
    words, vectors = words[:_SHOWN], vectors[:_SHOWN]
    exact = unit(torch.from_numpy(vectors)).numpy()
    maps = {"principal axes": principal_axes(exact)}
    if (neighbours := t_sne(exact)) is not None:
        maps = {"t-SNE": neighbours, **maps}
    most = max(float(np.abs(exact).max(initial=0)), 1e-12)
    content = {
        "title": model.model_name(),
        "words": words,
        "size": exact.shape[1],
        "maps": {name: np.round(_to_square(places), 4).tolist() for name, places in maps.items()},
        # A byte a value: cosines to two digits.
        "vectors": base64.b64encode(np.round(127 * exact / most).astype(np.int8).tobytes()).decode("ascii"),
    }
    page = (files(__package__) / "page.html").read_text(encoding="utf-8")
    # No word can end the script that it stands in.
    data = json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")
    return [_written(folder / "words.html", page.replace("/*DATA*/", data))]


FORMATS: Mapping[str, Callable[[WordModel, Path], list[Path]]] = {
    "word2vec": write_text,
    "word2vec-binary": write_binary,
    "projector": write_projector,
    "page": write_page,
}
"""What ``rnnbench export --format`` writes, the default first."""


def _writable(model: WordModel) -> tuple[list[str], NDArray[np.float32]]:
    """The words that a line can hold, the most frequent first, and their vectors ``(V, D)``."""
    kept = [number for number, word in enumerate(model.words) if word.split() == [word]]
    if not kept:
        raise UserError("there is no word without white space in it", where="rnnbench export")
    vectors = model.word_vectors().detach().cpu().float().numpy()
    return [model.words[number] for number in kept], vectors[kept]


def _to_square(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places between 0 and 1."""
    low, high = places.min(0), places.max(0)
    return (places - low) / np.maximum(high - low, 1e-12)


def _written(path: Path, text: str) -> Path:
    replace_text(path, text)
    return path
