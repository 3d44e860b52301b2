"""Files of large data are read from the cache, row by row as small ones, whatever becomes of them on the way."""

import json
import subprocess
import sys
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnbench.data import Redealt, Subset
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats import text_file
from rnnbench.data.source import SPLITS
from rnnbench.data.sources import file_reader, files
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError

ROWS = [{"text": f"film {n}, “gut”", "label": ["bad", "good"][n % 2], "n": str(n)} for n in range(40)]


def write(path, rows):
    kind = path.suffix
    if kind == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == ".json":
        path.write_text(json.dumps(rows))
    elif kind == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        mark = {".csv": ",", ".tsv": "\t"}[kind]
        lines = [list(rows[0]), *(row.values() for row in rows)]
        path.write_text("".join(mark.join(f'"{field}"' for field in line) + "\n" for line in lines))
    return path


@pytest.fixture
def large(monkeypatch):
    """Any file is a large one, and read in pieces of a few bytes."""
    monkeypatch.setattr(files, "LARGE_RECORDS", 0)
    monkeypatch.setattr(text_file, "_PIECE", 7)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "films"
    path.mkdir()
    for split, rows in zip(SPLITS, (ROWS[:20], ROWS[20:33], ROWS[33:]), strict=True):
        write(path / f"{split}.jsonl", rows)
    return path


def everything(source):
    return {split: (list(source.rows(split)), list(source.records(split))) for split in SPLITS}


def places(source):
    return {split: [source.place(split, number) for number in range(len(source.rows(split)))] for split in SPLITS}


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_a_file_that_is_cut(tmp_path, kind, request):
    source = Files(str(write(tmp_path / f"all{kind}", ROWS)), fractions=(0.5, 0.3, 0.2))
    small, where, name = everything(source), places(source), fingerprint({s: source.rows(s) for s in SPLITS})
    assert source.kept_in() is None
    request.getfixturevalue("large")
    assert source.kept_in() is not None
    assert not isinstance(source.rows("train"), list)
    assert (everything(source), places(source)) == (small, where)
    assert fingerprint({split: source.rows(split) for split in SPLITS}) == name


def test_a_folder_with_shards_of_which_a_subset_is_taken_or_dealt_anew(tmp_path, request, monkeypatch):
    monkeypatch.setenv("PL_GLOBAL_SEED", "3")
    folder = tmp_path / "films"
    folder.mkdir()
    write(folder / "train-00000-of-00002.csv", ROWS[:9])
    write(folder / "train-00001-of-00002.csv", ROWS[9:20])
    write(folder / "validation.csv", ROWS[20:33])
    write(folder / "test.csv", ROWS[33:])
    sources = [Files(str(folder)), Subset(Files(str(folder)), 6), Redealt(Files(str(folder)))]

    def read(source):
        return {split: list(source.rows(split)) for split in SPLITS}, places(source)

    small = [read(source) for source in sources]
    request.getfixturevalue("large")
    assert [read(source) for source in sources] == small
    assert len({source.kept_in() for source in sources}) == 3


def test_what_is_there_is_not_read_again(folder, large, monkeypatch):
    first = everything(Files(str(folder)))
    monkeypatch.setattr(file_reader, "json_lines", None)
    assert everything(Files(str(folder))) == first
    monkeypatch.undo()
    monkeypatch.setattr(files, "LARGE_RECORDS", 0)
    before = Files(str(folder)).kept_in()
    write(folder / "test.jsonl", ROWS[30:])
    assert len(Files(str(folder)).rows("test")) == 10
    assert Files(str(folder)).kept_in() != before


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff" * 5000])
def test_what_is_damaged_is_made_again(folder, large, cache, damage):
    first = everything(Files(str(folder)))
    for path in (cache / "large").rglob("*"):
        if path.is_file():
            path.write_bytes(damage)
    assert everything(Files(str(folder))) == first


def test_a_cache_that_cannot_be_written_to(folder, large, cache):
    (cache / "large").write_text("no folder")
    with pytest.raises(UserError) as caught:
        Files(str(folder)).rows("train")
    assert "cannot be written" in caught.value.problem
    assert "RNNBENCH_CACHE" in caught.value.hint


def test_a_full_disk_is_told_and_nothing_stays(folder, large, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError) as caught:
        Files(str(folder)).rows("train")
    assert "No space left on device" in caught.value.problem
    assert "RNNBENCH_CACHE" in caught.value.hint
    assert {path.name for path in (cache / "large").rglob("*") if path.is_file()} == {"lock"}


def test_a_file_that_grows_while_it_is_read(folder, large, monkeypatch):
    path = folder / "train.jsonl"

    def growing(pieces, where):
        yield from islice(read(pieces, where), 5)
        with path.open("a") as file:
            file.write(json.dumps(ROWS[0]) + "\n")

    read = file_reader.json_lines
    monkeypatch.setattr(file_reader, "json_lines", growing)
    with pytest.raises(UserError, match="has changed since it was opened"):
        Files(str(folder)).rows("train")
    monkeypatch.setattr(file_reader, "json_lines", read)
    assert len(Files(str(folder)).rows("train")) == 21


def test_a_card_is_held_against_the_files_each_time(folder, large, tmp_path):
    everything(Files(str(folder)))
    sums = dict.fromkeys(SPLITS, "0" * 64)
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: Mine\napplications: [sentiment]\nlicence: none\nlanguage: none\nurl: none\nsplits: {}\n"
        f"source: {{kind: files, get: there, use: options, sha256: {json.dumps(sums)}}}\n"
    )
    with pytest.raises(UserError, match="SHA-256 is"):
        Files(str(folder), card=str(tmp_path / "mine.yaml")).rows("train")


@pytest.mark.slow
def test_processes_make_it_together_and_one_is_killed(folder, cache):
    code = (
        "import sys, os\n"
        "from rnnbench.data.sources import file_reader, files; files.LARGE_RECORDS = 0\n"
        "def dies(path, rows):\n"
        "    path.with_name(f'.{path.name}.x.tmp').write_text('half'); os._exit(9)\n"
        "if sys.argv[2] == 'dies': file_reader.write_rows = dies\n"
        "print(list(files.Files(sys.argv[1]).records('train')))"
    )
    ends = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), how], stdout=subprocess.PIPE, text=True)
        for how in ("dies", "lives", "lives")
    ]
    said = [end.communicate(timeout=300)[0] for end in ends]
    assert [end.returncode for end in ends][1:] == [0, 0]
    assert said[1] == said[2] == f"{ROWS[:20]}\n"
    assert not [path for path in (cache / "large").rglob("*") if path.name.endswith(".tmp")]
