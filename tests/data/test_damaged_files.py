"""Files of every format with bytes flipped, cut out and put in: no reader raises anything but `UserError`."""

import gzip
import io
import json
import random
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnbench.data.audio.recording import Recording, read_audio
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.images.features import find_features, read_features
from rnnbench.data.images.picture import Picture, read_image
from rnnbench.data.sources.captioned_images import CaptionedImages
from rnnbench.data.sources.files import Files
from rnnbench.data.sources.recordings import Recordings
from rnnbench.data.text.vectors import load_vectors
from rnnbench.decode.language import read_arpa
from rnnbench.errors import UserError
from rnnbench.results.items import Items, read_items, write_items


def rows(path):
    # A file that was cut may have too little for three splits, which is an error of its own.
    found = Files(str(path), fractions=(1.0, 0.0, 0.0)).records("train")
    fingerprint({"train": found})


def captions(path):
    found = CaptionedImages(str(path)).rows("train")
    assert all(isinstance(text, str) for row in found for text in row["captions"])


def features(path):
    for one in find_features(path).values():
        read_features(one)


def parquet():
    kinds = {
        "text": ["a film", "b"] * 20,
        "label": [0, 1] * 20,
        "when": pa.array([10**15, 1] * 20, pa.timestamp("us")),
        "tags": [["x"], []] * 20,
        "audio": [{"bytes": b"RIFF", "path": "a.wav"}, None] * 20,
    }
    names = {"names": ["bad", "good"], "_type": "ClassLabel"}
    table = pa.table(kinds).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": {"label": names}}})}
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def sound(kind):
    soundfile = pytest.importorskip("soundfile")
    sink = io.BytesIO()
    soundfile.write(sink, np.sin(np.arange(4000) / 9), 8000, format=kind)
    return sink.getvalue()


def image(kind):
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)).save(sink, kind)
    return sink.getvalue()


def array(save):
    sink = io.BytesIO()
    save(sink, np.arange(12, dtype=np.float32).reshape(3, 4))
    return sink.getvalue()


def items():
    write_items(Path("items"), Items("f1", np.arange(9), np.ones((9, 2))))
    return Path("items").read_bytes()


ARPA = "\\data\\\nngram 1=3\nngram 2=1\n\n"
ARPA += "\\1-grams:\n-1 <s> -0.3\n-0.5 a -0.1\n-0.7 </s>\n\n\\2-grams:\n-0.2 <s> a\n\n\\end\\\n"
CONLLU = "# sent_id = 1\n" + "".join(f"{i}\tw{i}\tw\tNOUN\tNN\t_\t{i - 1}\tdep\t_\t_\n" for i in range(1, 5))
KARPATHY = json.dumps({"images": [{"split": "train", "filename": "1.jpg", "sentences": [{"raw": "a dog"}]}] * 3})
MANIFEST = '{"audio_filepath": "a.wav", "text": "one two", "offset": 0.5, "duration": 1.5}\n' * 3
TEXT = "one film\r\ntwo films\u2028\n" * 9


def karpathy(path):
    return captions(path)


def manifest(path):
    Path("a.wav").touch()
    Recordings(".", splits={"train": path.name}).rows("train")


def vectors(path):
    load_vectors(str(path), ["the", "cat"])


def sample(path):
    read_audio(Recording(path, str(path)), 16000)


def look(path):
    read_image(Picture(path, str(path)), 8)


FORMATS = {
    "a.txt": (lambda: TEXT.encode(), rows),
    "a.csv": (lambda: b'text,label\n"a, ""b""",1\nc,0\n' * 5, rows),
    "a.tsv": (lambda: b'text\tlabel\n"a\tb ""c"""\t1\nd\t0\n', rows),
    "a.conll": (lambda: b"-DOCSTART- O\n\nEU B-ORG\nsays O\n\n# O\nthat O\n", rows),
    "a.conllu": (lambda: f"{CONLLU}\n{CONLLU}".encode(), rows),
    "b.conll": (lambda: f"{CONLLU}\n{CONLLU}".encode(), rows),
    "a.jsonl": (lambda: b'{"text": "a \\ud83d\\ude00", "label": 1.5e3, "x": [[{}]]}\n' * 4, rows),
    "a.json": (lambda: b'[{"text": "a", "label": true}, {"text": "b", "label": false}]', rows),
    "a.parquet": (parquet, rows),
    "dataset_a.json": (lambda: KARPATHY.encode(), karpathy),
    "train.jsonl": (lambda: MANIFEST.encode(), manifest),
    "a.wav": (lambda: sound("WAV"), sample),
    "a.flac": (lambda: sound("FLAC"), sample),
    "a.ogg": (lambda: sound("OGG"), sample),
    "a.png": (lambda: image("PNG"), look),
    "a.jpg": (lambda: image("JPEG"), look),
    "a.tif": (lambda: image("TIFF"), look),
    "a.gif": (lambda: image("GIF"), look),
    "a.webp": (lambda: image("WEBP"), look),
    "a.bmp": (lambda: image("BMP"), look),
    "a.npy": (lambda: array(np.save), features),
    "a.npz": (lambda: array(np.savez_compressed), features),
    "vectors.txt": (lambda: b"the 1 2 3\ncat 4 5 6\n", vectors),
    "vectors.vec": (lambda: b"2 3\nthe 1 2 3\ncat 4 5 6\n", vectors),
    "vectors.txt.gz": (lambda: gzip.compress(b"the 1 2 3\ncat 4 5 6\n", mtime=0), vectors),
    "vectors.bin": (lambda: b"2 3\n" + b"".join(w + np.ones(3, "<f4").tobytes() for w in (b"the ", b"cat ")), vectors),
    "a.arpa": (lambda: ARPA.encode(), read_arpa),
    "a.arpa.gz": (lambda: gzip.compress(ARPA.encode(), mtime=0), read_arpa),
    "items.npz": (items, read_items),
}  # fmt: skip


def damaged(content, chance):
    """The content with one to three changes."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(data) + 1)
        size = chance.choice([1, 1, 2, 4, 30])
        match chance.randrange(4):
            case 0 if start < len(data):
                data[start] ^= 1 << chance.randrange(8)
            case 1:
                del data[start : start + size]
            case 2:
                data[start:start] = chance.choice(
                    [bytes(size), b"\xff" * size, b"\x0b\x0c\r", b"9" * size, b'"[{\t,', b"e999"]
                )
            case _:
                del data[start:]
    return bytes(data)


def error_of(read, path, damage):
    """What a reader says of a file; None where it can still be read."""
    try:
        read(path)
    except UserError as error:
        return error
    except Exception as error:
        raise AssertionError(f"{damage} is told as {error!r}") from error
    return None


def read_damaged(name, times):
    content, read = FORMATS[name]
    whole = content()
    path = Path(name)
    path.write_bytes(whole)
    with warnings.catch_warnings():
        # Libraries warn of what they can do without; here only exceptions are in question.
        warnings.simplefilter("ignore")
        read(path)
        told = 0
        for seed in range(times):
            data = damaged(whole, random.Random(f"{name} {seed}"))
            path.unlink(missing_ok=True)
            path.write_bytes(data)
            error = error_of(read, path, f"damage {seed} of {name}: {data[:200]!r}")
            if error is not None:
                told += 1
                assert len(str(error).splitlines()) <= 3, str(error)
                assert name in str(error.where), f"{name}, {seed}: {error.where}"
    assert told, "some damage has to be noticed"


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_told_by_file(name):
    read_damaged(name, 12)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_much_damage_is_told_by_file(name):
    read_damaged(name, 1000)
