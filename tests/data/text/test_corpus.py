"""A large text is the same tokens as a small one, made once, whatever becomes of the files on the way."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats import text_file
from rnnbench.data.formats.text_file import decode, measure_text_file
from rnnbench.data.source import SPLITS
from rnnbench.data.sources import files
from rnnbench.data.sources.files import Files
from rnnbench.data.text import tokenizer
from rnnbench.data.text.corpus import Corpus
from rnnbench.data.text.tokenizer import LEVELS, Tokenizer
from rnnbench.errors import UserError

TEXT = "Ein Süßes — 甜 \U0001f600,\n\n  two words\r\nand the end <unk> <eos>\x0b x\u2028y " * 7


@pytest.fixture
def one_file(tmp_path):
    path = tmp_path / "all.txt"
    path.write_bytes(("\ufeff" + TEXT).encode())
    return path


@pytest.fixture
def large(monkeypatch):
    """Any text is a large one, and read in pieces of a few bytes."""
    monkeypatch.setattr(files, "LARGE_TEXT", 0)
    monkeypatch.setattr(text_file, "_PIECE", 7)
    monkeypatch.setattr(tokenizer, "_PIECE", 5)


def made(source, level, max_vocabulary=None):
    corpus = Corpus(source, level, max_vocabulary)
    found = corpus.vocabulary()
    return corpus, found, {split: corpus.stream(split, found) for split in SPLITS}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("max_vocabulary", [None, 9])
def test_in_pieces_on_disk_as_in_memory(one_file, level, max_vocabulary, large, monkeypatch):
    source = Files(str(one_file))
    corpus, vocabulary, streams = made(source, level, max_vocabulary)
    assert corpus.kept.folder is not None
    monkeypatch.undo()
    texts = {split: [row["text"] for row in source.rows(split)] for split in SPLITS}
    plain = Tokenizer.train(level, texts["train"], max_vocabulary)
    assert vocabulary.tokens == plain.tokens
    assert corpus.fingerprint() == fingerprint(texts, level=level, max_vocabulary=max_vocabulary)
    for split, stream in streams.items():
        expected = plain.stream(texts[split])
        assert np.array_equal(stream.tokens[:], expected.tokens)
        assert stream.tokens.dtype == expected.tokens.dtype
        assert stream[1:] == expected[1:]


def test_a_folder_of_documents(tmp_path, large):
    for split in SPLITS:
        (tmp_path / "set" / split).mkdir(parents=True)
        for name in ("b", "a"):
            (tmp_path / "set" / split / name).write_text(f"est {name}\n")
    _, vocabulary, streams = made(Files(str(tmp_path / "set")), "char")
    assert vocabulary.decode(streams["test"].tokens[:]) == "est a\n\n\nest b\n"


def test_what_is_there_is_not_read_again(one_file, large, monkeypatch):
    _, vocabulary, streams = made(Files(str(one_file)), "char")
    first = Corpus(Files(str(one_file)), "char").fingerprint()
    monkeypatch.setattr("rnnbench.data.sources.file_reader.measure_text_file", None)
    again, found, same = made(Files(str(one_file)), "char")
    assert (again.fingerprint(), found.tokens) == (first, vocabulary.tokens)
    assert all(np.array_equal(same[split].tokens[:], streams[split].tokens[:]) for split in SPLITS)
    monkeypatch.undo()
    monkeypatch.setattr(files, "LARGE_TEXT", 0)
    os.utime(one_file, ns=(1, 1))
    assert Corpus(Files(str(one_file)), "char").kept.folder != again.kept.folder, (
        "a file that was written again is another one"
    )


def test_another_vocabulary_is_another_file(one_file, large):
    corpus, vocabulary, streams = made(Files(str(one_file)), "char")
    other = Tokenizer("char", vocabulary.tokens[::-1])
    assert np.array_equal(corpus.stream("test", other).tokens[:], other.stream(corpus.documents("test")).tokens)
    assert np.array_equal(corpus.stream("test", vocabulary).tokens[:], streams["test"].tokens[:])


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff"])
def test_what_is_damaged_is_made_again(one_file, large, damage):
    corpus, vocabulary, streams = made(Files(str(one_file)), "char")
    expected = {split: np.array(streams[split].tokens[:]) for split in SPLITS}
    name = corpus.fingerprint()
    for path in corpus.kept.folder.iterdir():
        path.write_bytes(damage)
    again, found, same = made(Files(str(one_file)), "char")
    assert (again.fingerprint(), found.tokens) == (name, vocabulary.tokens)
    assert all(np.array_equal(same[split].tokens[:], expected[split]) for split in SPLITS)


def test_a_file_that_changes_while_it_is_read(one_file):
    found, _ = measure_text_file(one_file)
    one_file.write_text(TEXT + "more")
    with pytest.raises(UserError, match="the file has changed since it was opened"):
        list(found)
    assert "".join(dataclasses.replace(found, state=text_file.state_of(one_file)).part(slice(2, 5))) == TEXT[2:5]


def test_a_cache_that_cannot_be_written_to(one_file, large, cache):
    (cache / "large").write_text("no folder")
    with pytest.raises(UserError) as caught:
        made(Files(str(one_file)), "char")
    assert "cannot be written" in caught.value.problem
    assert "RNNBENCH_CACHE" in caught.value.hint


@given(st.binary(min_size=1, max_size=12), st.integers(1, 4))
def test_a_file_in_pieces_is_decoded_as_a_whole(tmp_path_factory, content, size):
    path = tmp_path_factory.getbasetemp() / "pieces.txt"
    path.write_bytes(content)

    def outcome(read):
        try:
            return read()
        except UserError as error:
            return str(error)

    before, text_file._PIECE = text_file._PIECE, size
    try:
        found = outcome(lambda: "".join(measure_text_file(path)[0]))
    finally:
        text_file._PIECE = before
    assert found == outcome(lambda: decode(content, path))


@pytest.mark.slow
def test_processes_make_it_together_and_one_is_killed(one_file, cache):
    code = (
        "import sys, os; from rnnbench.data.text import corpus, tokenizer\n"
        "from rnnbench.data.sources import files; files.LARGE_TEXT = 0\n"
        "from rnnbench.data.sources.files import Files\n"
        "if sys.argv[2] == 'dies': tokenizer.write_tokens = lambda *_: os._exit(9)\n"
        "c = corpus.Corpus(Files(sys.argv[1]), 'char'); s = c.stream('train', c.vocabulary())\n"
        "print(c.fingerprint(), s.tokens[:].tolist())"
    )
    ends = [
        subprocess.Popen([sys.executable, "-c", code, str(one_file), how], stdout=subprocess.PIPE, text=True)
        for how in ("dies", "lives", "lives")
    ]
    said = [end.communicate(timeout=300)[0] for end in ends]
    assert [end.returncode for end in ends][1:] == [0, 0]
    assert said[1] == said[2] != ""
    assert not [path for path in (cache / "large").rglob("*") if path.name.endswith(".tmp")]
