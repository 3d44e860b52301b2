"""Layouts of folders with recordings."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rnnbench.data.sources.recordings import Recordings
from rnnbench.errors import UserError


def sound(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(800), 8000)
    return str(path)


def read(split="train", **options):
    rows = Recordings("corpus", **options).rows(split)
    return [(Path(row["audio"]["path"]).as_posix(), row["text"], row.get("speaker")) for row in rows]


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "corpus").mkdir()
    return tmp_path / "corpus"


def test_tables(corpus):
    sound(corpus / "a.wav")
    sound(corpus / "clips/b.flac")
    (corpus / "train.tsv").write_text("client_id\tpath\tsentence\nx\ta.wav\tEin Satz.\ny\tb.flac\tZwei\n")
    found = read(column="sentence")
    assert found == [("corpus/a.wav", "Ein Satz.", "x"), ("corpus/clips/b.flac", "Zwei", "y")]
    (corpus / "dev.csv").write_text('path,text\na.wav,"one, two"\n')
    assert read("validation") == [("corpus/a.wav", "one, two", None)]


def test_manifests(corpus, tmp_path):
    absolute = sound(tmp_path / "elsewhere/a.wav")
    rows = [
        {"audio_filepath": absolute, "duration": 0.1, "text": "one"},
        {"audio_filepath": "b.wav", "offset": 0.02, "duration": 0.05, "text": "two", "speaker": 7},
    ]
    sound(corpus / "b.wav")
    (corpus / "train_manifest.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read() == [(absolute, "one", None), ("corpus/b.wav", "two", "7")]
    [_, second] = Recordings("corpus").rows("train")
    assert (second["audio"]["start"], second["audio"]["seconds"]) == (0.02, 0.05)


def test_kaldi(corpus, tmp_path):
    sound(corpus / "wav/one.wav")
    sound(tmp_path / "wav/two.wav")
    folder = corpus / "train"
    folder.mkdir()
    (folder / "wav.scp").write_text("u1 ../wav/one.wav\nu2 wav/two.wav\n")
    (folder / "text").write_text("u2 zwei  drei\nu1 eins\n\n")
    (folder / "utt2spk").write_text("u1 s1\nu2 s2\n")
    assert [row[1:] for row in read()] == [("zwei  drei", "s2"), ("eins", "s1")]
    assert Recordings("corpus").rows("train")
    (folder / "segments").write_text("p1 u1 0.01 0.04\n")
    (folder / "text").write_text("p1 kurz\n")
    [row] = Recordings("corpus").rows("train")
    assert row["audio"]["start"] == 0.01
    assert row["audio"]["seconds"] == pytest.approx(0.03)


def test_librispeech(corpus):
    for part in ("train-clean-100", "dev-clean", "test-clean"):
        for name in ("84-121-0000", "84-121-0001"):
            sound(corpus / part / "84/121" / f"{name}.flac")
        (corpus / part / "84/121/84-121.trans.txt").write_text("84-121-0000 GO ON\n84-121-0001 DON'T\n")
    found = read()
    assert [row[1:] for row in found] == [("GO ON", "84"), ("DON'T", "84")]
    assert read("validation")[1][0] == "corpus/dev-clean/84/121/84-121-0001.flac"
    (corpus / "dev-other").mkdir()
    with pytest.raises(UserError, match="more than one could be validation: dev-clean, dev-other"):
        read("validation")
    assert len(read("validation", splits={"validation": "dev-clean"})) == 2


def test_a_folder_with_a_table(corpus):
    sound(corpus / "test/x.wav")
    (corpus / "test/transcripts.tsv").write_text("path\ttext\nx.wav\thello\n")
    assert read("test") == [("corpus/test/x.wav", "hello", None)]


def test_all_missing_recordings_are_counted_and_named(corpus):
    sound(corpus / "there.wav")
    names = ["there.wav", *(f"gone{i}.wav" for i in range(12))]
    (corpus / "train.tsv").write_text("path\ttext\n" + "".join(f"{name}\ta\n" for name in names))
    with pytest.raises(UserError, match="12 of 13 recordings of train are not there") as caught:
        read()
    assert "gone0.wav" in caught.value.problem
    assert "gone9.wav, ..." in caught.value.problem


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "there is no split train: nothing"),
        ({"train.tsv": "path\ttext\n"}, "the train split is empty|no record|empty"),
        ({"train.tsv": "path\tsentence\na.wav\tb\n"}, "a path and a text are needed; there are: path, sentence"),
        ({"train.jsonl": '{"text": "a"}\n'}, "a path and a text are needed; there are: text"),
        ({"train.jsonl": '{"path": "a", "text": "a", "offset": "x"}\n'}, "offset must be a number of seconds"),
        ({"train/x.txt": "a"}, "there is no transcript in it"),
        ({"train/wav.scp": "a sox a.wav |\n", "train/text": "a b\n"}, "the recording is a command"),
        ({"train/wav.scp": "a a.wav\n", "train/text": "b c\n"}, "no recording 'b' in wav.scp"),
        ({"train/wav.scp": "a a.wav\na b.wav\n", "train/text": "a c\n"}, "'a' stands there twice"),
        ({"train/wav.scp": "a a.wav\n"}, "there is no such file"),
    ],
)
def test_broken_layouts(corpus, files, says):
    for name, text in files.items():
        (corpus / name).parent.mkdir(exist_ok=True)
        (corpus / name).write_text(text)
    with pytest.raises(UserError, match=says):
        read()


def test_wrong_options(corpus):
    with pytest.raises(UserError, match="there is no split 'valid'"):
        Recordings("corpus", splits={"valid": "x"})
    with pytest.raises(UserError, match="no such file or folder"):
        read(splits={"train": "x"})
    with pytest.raises(UserError, match="get it here: train-clean-100"):
        Recordings("nowhere", card="librispeech_100").rows("train")


def test_places_are_lines(corpus):
    sound(corpus / "train/1/2/1-2-0.flac")
    (corpus / "train/1/2/1-2.trans.txt").write_text("\n1-2-0 A\n")
    source = Recordings("corpus")
    source.rows("train")
    assert source.place("train", 0) == "corpus/train/1/2/1-2.trans.txt, line 2"
