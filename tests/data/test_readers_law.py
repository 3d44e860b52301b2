"""Whatever a file of records looks like: it is read right, or refused with its name; nothing is lost or changed."""

import csv
import io
import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnbench.data.formats import text_file
from rnnbench.data.kept import Kept
from rnnbench.data.sources import files as files_module
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError
from rnnbench.tasks.base.labelled_texts import texts_of

FORMATS = ("csv", "tsv", "quoted.tsv", "all_quoted.tsv", "jsonl", "json", "parquet")
NUMBERS = itertools.count()

# What has ended lines, parted columns, stood for a beginning or for nothing in one reader or another.
ODD = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r\n\t\"',;#\\ \u00a0\u3000\ufeff\x00éß漢🙂<>"
TEXTS = st.lists(st.one_of(st.sampled_from(ODD), st.sampled_from("abc")), min_size=1, max_size=8).map("".join)
LABELS = {
    "text": st.sampled_from(["pos", " pos ", "neg", "1", "été", "\tneg"]),
    "bool": st.booleans(),
    "int": st.integers(-1, 3),
    "float": st.sampled_from([0.0, 1.0, 2.0]),
}


@st.composite
def files(draw):
    """A form of file, its records in an order of columns, what ends a line, and an encoding."""
    kind = draw(st.sampled_from(FORMATS))
    labels = LABELS[draw(st.sampled_from(sorted(LABELS)))]
    columns = draw(st.permutations(["text", "label", "note"]))
    size = draw(st.integers(2, 5))
    rows = [{"text": draw(TEXTS), "label": draw(labels), "note": draw(TEXTS)} for _ in range(size)]
    rows = [{name: row[name] for name in columns} for row in rows]
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return kind, rows, end, encoding


def written(kind, rows, end, encoding):
    """The file's content, and the rows that it holds; nothing where it cannot hold them."""
    columns = list(rows[0])
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), sink)
        return sink.getvalue(), rows
    if kind == "jsonl":
        text = end.join(json.dumps(row, ensure_ascii=len(rows) % 2 == 0) for row in rows) + end
    elif kind == "json":
        text = json.dumps(rows, indent=2).replace("\n", end)
    else:
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
        table = [columns, *(list(row.values()) for row in rows)]
        if kind == "tsv":
            # Here nothing can be quoted, so that a field holds neither what parts nor what looks like a quoted one.
            if any(mark in field for row in table for field in row for mark in '\t\n\r"'):
                return None
            text = end.join("\t".join(row) for row in table) + end
        else:
            sink = io.StringIO(newline="")
            delimiter = "," if kind == "csv" else "\t"
            quoting = csv.QUOTE_ALL if kind.startswith("all") else csv.QUOTE_MINIMAL
            csv.writer(sink, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(table)
            text = sink.getvalue()
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        return None
    # Nobody can tell one encoding of such a text from the other.
    if encoding == "latin-1" and _reads_as_utf8(data) not in (None, text):
        return None
    return data, rows


def _reads_as_utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def name_of(label):
    """The definition: what a label is called."""
    if isinstance(label, bool):
        return "true" if label else "false"
    return label.strip() if isinstance(label, str) else str(int(label))


def outcome(folder):
    """What is read of a file: its texts, labels and notes, or else where an error is, and what it says."""
    source = Files(str(folder))
    try:
        found = source.rows("train")
        examples = texts_of(found, lambda number: source.place("train", number), Kept(None, "law"), "labels")
        labels = [examples.names[number] for number in examples.labels]
        return list(examples.texts), labels, [row["note"] for row in found]
    except UserError as caught:
        return ((str(caught.where), str(caught)),)


def check(folder, kind, rows, end, encoding):
    made = written(kind, rows, end, encoding)
    if made is None:
        return
    data, rows = made
    here = folder / str(next(NUMBERS))
    here.mkdir()
    path = here / f"train.{kind.rpartition('.')[2]}"
    path.write_bytes(data)
    found = outcome(here)
    with pytest.MonkeyPatch.context() as patch:
        # Any file is a large one, which comes in pieces and is read from the cache.
        patch.setattr(files_module, "LARGE_RECORDS", 0)
        patch.setattr(text_file, "_PIECE", 5)
        assert outcome(here) == found
    if len(found) == 1:
        ((where, error),) = found
        assert str(path) in where, error
        assert len(error.splitlines()) <= 3, error
        # A refusal needs a reason: another encoding, lone carriage returns, a NUL in a table.
        table = kind not in ("jsonl", "json", "parquet")
        returns = table and (end == "\r" or any("\r" in str(value) for row in rows for value in row.values()))
        nul = table and any("\0" in str(value) for row in rows for value in row.values())
        lines = kind == "jsonl" and end == "\r"
        assert encoding in ("utf-16", "latin-1") or returns or nul or lines, error
        return
    texts, labels, notes = found
    assert texts == [row["text"] for row in rows]
    assert labels == [name_of(row["label"]) for row in rows]
    assert notes == [row["note"] for row in rows]


RELAXED = settings(suppress_health_check=list(HealthCheck), derandomize=True)


@given(made=files())
@settings(RELAXED, max_examples=40)
def test_records_are_read_right_or_refused(tmp_path_factory, made):
    check(tmp_path_factory.mktemp("law"), *made)


@pytest.mark.slow
@given(made=files())
@settings(RELAXED, max_examples=300)
def test_many_records_are_read_right_or_refused(tmp_path_factory, made):
    check(tmp_path_factory.mktemp("law"), *made)
