"""Rows in Arrow files: as they were written, whatever their types, and no others."""

import json
import pickle
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.formats import arrow
from rnnbench.data.formats.arrow import ArrowRows, write_parquet_rows, write_rows
from rnnbench.data.formats.records import read_parquet
from rnnbench.errors import UserError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["text", "label", "é"]), VALUES, max_size=3), max_size=9)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(arrow, "_BATCH", 3)


@given(rows=ROWS, data=st.data())
def test_rows_of_any_types_come_back(tmp_path_factory, rows, data):
    path = tmp_path_factory.getbasetemp() / "rows.arrow"
    write_rows(path, iter(rows))
    found = ArrowRows([path, path])
    assert list(found) == rows * 2
    numbers = data.draw(st.lists(st.integers(0, max(2 * len(rows) - 1, 0)), max_size=9)) if rows else []
    assert found.take(numbers) == [(rows * 2)[number] for number in numbers]


def test_parquet_comes_back_as_it_is_read_whole(tmp_path):
    columns = {
        "text": ["a", None, "c", "d", "e"],
        "label": [0, 1, -1, None, 1],
        "tags": [[0, 1], [], None, [1], [0]],
        "price": pa.array([Decimal("1.50"), None, *[Decimal(2)] * 3]),
        "sound": [{"bytes": b"\xff", "path": None}] * 5,
        "kind": pa.array(["x", "y", "x", None, "z"]).dictionary_encode(),
    }
    classes = {"names": ["bad", "good"], "_type": "ClassLabel"}
    features = {"label": classes, "tags": {"feature": classes, "_type": "Sequence"}}
    table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet = tmp_path / "train.parquet"
    pq.write_table(table, parquet, row_group_size=2)
    write_parquet_rows(tmp_path / "rows.arrow", parquet)
    found = ArrowRows([tmp_path / "rows.arrow"])
    assert list(found) == read_parquet(parquet.read_bytes(), parquet)
    assert [row["label"] for row in found] == ["bad", "good", -1, None, "good"]


def test_it_goes_to_another_process_by_its_name(tmp_path):
    path = tmp_path / "rows.arrow"
    write_rows(path, [{"text": "x" * 1000}] * 50)
    found = ArrowRows([path])
    assert len(found) == 50
    sent = pickle.dumps(found)
    assert len(sent) < 1000
    assert list(pickle.loads(sent)) == list(found)


def test_a_row_that_cannot_be_read_leaves_nothing(tmp_path):
    def rows():
        yield {"text": "a"}
        raise UserError("line 2 is no JSON object", where="train.jsonl")

    with pytest.raises(UserError, match="line 2"):
        write_rows(tmp_path / "rows.arrow", rows())
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused(tmp_path):
    path = tmp_path / "rows.arrow"
    write_rows(path, [{"text": "a"}])
    with pytest.raises(UserError, match="gone or cut short"):
        ArrowRows([path], [path.stat().st_size + 1])
    path.write_bytes(b"no Arrow file")
    with pytest.raises(UserError, match="not an Arrow file"):
        len(ArrowRows([path]))
