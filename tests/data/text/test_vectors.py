"""Pretrained word vectors."""

import gzip
import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from rnnbench.data.text.vectors import load_vectors, prepare_vectors
from rnnbench.data.text.vocabulary import SPECIALS
from rnnbench.errors import UserError

WORDS = {"the": [0.1, -2.0, 3e-3], "Cat": [1.0, 2.0, 3.0], "cat": [4.0, 5.0, 6.0], "straße": [7.0, 8.0, 9.0]}
TOKENS = [*SPECIALS, "the", "The", "Cat", "CAT", "straße", "nowhere"]
EXPECTED = [WORDS[word] for word in ("the", "the", "Cat", "cat", "straße")]


def glove(words=WORDS):
    return "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in words.items()).encode()


def word2vec(words=WORDS, newline=b"\n"):
    body = b"".join(word.encode() + b" " + np.array(row, "<f4").tobytes() + newline for word, row in words.items())
    return f"{len(words)} 3\n".encode() + body


FILES = {
    "glove.txt": glove(),
    "glove.txt.gz": gzip.compress(glove(), mtime=0),
    "fasttext.vec": b"4 3\n" + glove().replace(b"\n", b" \n"),
    "windows.txt": glove().replace(b"\n", b"\r\n"),
    "word2vec.bin": word2vec(),
    "without_newlines.bin": word2vec(newline=b""),
    "word2vec.bin.gz": gzip.compress(word2vec(), mtime=0),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same(name):
    Path(name).write_bytes(FILES[name])
    vectors = load_vectors(name, TOKENS)
    assert vectors.found.tolist() == [False] * 4 + [True] * 5 + [False]
    assert vectors.values.dtype == torch.float32
    assert torch.equal(vectors.values[4:9], torch.tensor(EXPECTED))
    assert not vectors.values[~vectors.found].any()
    assert vectors.coverage() == f"{name}: vectors for 5 of 6 tokens (83.3%)"


def test_a_token_as_it_is_comes_before_its_lower_case_form_in_any_order():
    for order in (WORDS, dict(reversed(WORDS.items()))):
        Path("a.txt").write_bytes(glove(order))
        assert load_vectors("a.txt", ["Cat", "CAT"]).values.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_of_two_rows_the_first_counts():
    Path("a.txt").write_bytes(glove() + b"the 9 9 9\nthe 8 8 8\n")
    assert torch.equal(load_vectors("a.txt", ["the"]).values, torch.tensor([WORDS["the"]]))


@pytest.mark.parametrize("head", [b"\xef\xbb\xbf", b"\xef\xbb\xbf4 3\n", b" 4  3 \n", b"4 3\t\r\n"])
def test_a_byte_order_mark_and_spaces_in_the_first_line(head):
    Path("a.txt").write_bytes(head + glove())
    assert torch.equal(load_vectors("a.txt", list(WORDS)).values, torch.tensor(list(WORDS.values())))


def test_words_with_spaces():
    Path("a.txt").write_bytes(glove() + b". . . 1 2 3\nat name@domain.com 4 5 6\n")
    vectors = load_vectors("a.txt", [". . .", "at name@domain.com", "at"])
    assert vectors.values.tolist() == [[1, 2, 3], [4, 5, 6], [0, 0, 0]]


@pytest.mark.parametrize(
    ("name", "content", "where", "problem"),
    [
        ("a.txt", glove() + b"dog 1 2\n", "a.txt, line 5", "2 values instead of 3"),
        ("a.txt", glove() + b"the\n", "a.txt, line 5", "0 values instead of 3"),
        ("a.txt", b"the 1 x 3\n", "a.txt, line 1", "not a vector"),
        ("a.txt", b"the\n", "a.txt, line 1", "a word and no values"),
        ("a.txt", b"the 1 nan 3\n", "a.txt, line 1", "not all of its values are finite"),
        ("a.txt", b"the 1 1e99 3\n", "a.txt, line 1", "not all of its values are finite"),
        ("a.bin", b"9 0\n", "a.bin", "vectors without a value"),
        ("a.txt", b"", "a.txt", "no vectors"),
        ("a.vec", b"9 3\n" + glove(), "a.vec", "the first line tells of 9 words, and the file ends after 4"),
        ("a.bin", word2vec()[:-5], "a.bin", "ends in word 4"),
        ("a.bin", b"\xba\x16O/\x0c\x00\x00\x00" * 20, "a.bin", "not a binary file of word2vec"),
        ("a.txt.gz", gzip.compress(glove(), mtime=0)[:-9], "a.txt.gz", "cannot be unpacked"),
        ("a.txt.gz", glove(), "a.txt.gz", "cannot be unpacked"),
    ],
)
def test_malformed_files_are_named_with_the_line(name, content, where, problem):
    Path(name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_vectors(name, ["the"])
    assert caught.value.where == where
    assert problem in caught.value.problem


def test_neither_a_file_nor_a_card():
    with pytest.raises(UserError, match="did you mean: glove_6b_50d"):
        load_vectors("glove_6b_50", ["the"])
    with pytest.raises(UserError, match="of kind 'files'"):
        prepare_vectors("penn_treebank")


def test_only_wanted_rows_are_kept_in_memory():
    import tracemalloc

    with Path("large.txt").open("w") as file:
        for i in range(20_000):
            file.write(f"w{i} " + "0.125 " * 99 + "0.5\n")
    tracemalloc.start()
    vectors = load_vectors("large.txt", ["w7", "w19999"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert vectors.values.shape == (2, 100)
    assert vectors.found.all()
    assert peak < 1_000_000, "the file has 12 MB"


def test_vectors_of_a_package(monkeypatch):
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    pq.write_table(pa.table({"index": list(WORDS)}), "words.parquet")
    np.save("values.npy", np.array(list(WORDS.values()), np.float32))
    folder = Path("index/tiny-vectors")
    folder.mkdir(parents=True)
    wheel = folder / "tiny_vectors-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("words.parquet", "values.npy"):
            archive.write(name, f"data/{name}")
    (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", Path("index").resolve().as_uri())

    def sha256(path):
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()

    source = {
        "kind": "vectors", "use": "--data.vectors tiny.yaml", "requirement": "tiny-vectors==1.0", "file": wheel.name,
        "sha256": sha256(wheel),
        "members": {f"data/{name}": sha256(name) for name in ("words.parquet", "values.npy")},
    }  # fmt: skip
    card = {"name": "tiny", "title": "Tiny", "applications": ["sentiment"], "source": source, "licence": "none"}
    Path("card").mkdir()
    values = {**card, "language": "none", "splits": {}, "url": "none"}
    Path("card/tiny.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    prepare_vectors("card/tiny.yaml")
    wheel.unlink()
    vectors = load_vectors("card/tiny.yaml", TOKENS)
    assert torch.equal(vectors.values[4:9], torch.tensor(EXPECTED))


@pytest.mark.network
def test_the_glove_package():
    vectors = load_vectors("glove_6b_50d", ["the", "The", "xyzzyq"])
    assert vectors.found.tolist() == [True, True, False]
    assert torch.allclose(vectors.values[0, :3], torch.tensor([0.418, 0.24968, -0.41242]))
