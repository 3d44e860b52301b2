"""IDX files: what is in them, and what is wrong with them."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnbench.data.formats.idx import read_idx
from rnnbench.errors import UserError


def packed(array, code=0x08, kind=">u1"):
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(kind).tobytes()


@pytest.mark.parametrize(("code", "kind"), [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0E, ">f8")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_was_written_is_read(code, kind, pack, tmp_path):
    array = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(pack(packed(array, code, kind)))
    found = read_idx(tmp_path / "a")
    assert np.array_equal(found, array)


@given(st.binary(max_size=60))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_else_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    try:
        assert read_idx(tmp_path / "a").size <= len(content)
    except UserError as error:
        refused = str(error)
        if str(tmp_path / "a") not in refused:
            raise


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no IDX file"),
        (b"\x89PNG\r\n", "no IDX file"),
        (packed(np.arange(6))[:6], "cut off"),
        (packed(np.arange(6))[:-1], "5 values, and its head says 6"),
        (packed(np.arange(6)) + b"1", "7 values, and its head says 6"),
        (gzip.compress(packed(np.arange(6)), mtime=0)[:-9], "a broken gzip file"),
        (gzip.compress(packed(np.arange(6)) + bytes(10**6), mtime=0), "7 values, and its head says 6"),
        (gzip.compress(b"\0\0\x08\x02\0", mtime=0), "cut off"),
    ],
)
def test_what_is_wrong_is_said(content, problem, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(UserError, match=problem):
        read_idx(tmp_path / "a")
