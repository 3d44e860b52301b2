import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.fingerprint import fingerprint

ROWS = {"train": [{"text": "a\u2028é\n", "name": "x"}, {"text": "b", "audio": b"\x00\xff"}], "test": ["c"]}


def test_is_twelve_hexadecimal_digits_and_never_changes():
    # Fixed: results that are recorded stand under this name.
    assert fingerprint(ROWS, level="char", limit=None) == "dbb81ef63150"


def test_is_the_same_in_another_process():
    code = "from tests_rows import ROWS; from rnnbench.data.fingerprint import fingerprint as f; print(f(ROWS))"
    Path("tests_rows.py").write_text(f"ROWS = {ROWS!r}", encoding="utf-8")
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {fingerprint(ROWS)}


def test_order_of_names_does_not_count_and_order_of_rows_does():
    turned = {
        name: [dict(reversed(r.items())) if isinstance(r, dict) else r for r in ROWS[name]]
        for name in ("test", "train")
    }
    assert fingerprint(turned, b=1, a=2) == fingerprint(ROWS, a=2, b=1)
    assert fingerprint({"train": ["a", "b"]}) != fingerprint({"train": ["b", "a"]})


@given(
    st.lists(st.lists(st.text(max_size=3), max_size=3), min_size=2, max_size=2),
    st.lists(st.lists(st.text(max_size=3), max_size=3), min_size=2, max_size=2),
)
def test_other_content_is_another_fingerprint(first, second):
    names = ("train", "test")
    same = fingerprint(dict(zip(names, first, strict=True))) == fingerprint(dict(zip(names, second, strict=True)))
    assert same == (first == second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"train": []}, {}),
        ({"train": ["ab"]}, {"train": ["a", "b"]}),
        ({"train": ["a"], "test": []}, {"train": [], "test": ["a"]}),
        ({"train": ["a"]}, {"train": [{"text": "a"}]}),
        ({"train": [{"x": b"1"}]}, {"train": [{"x": b"2"}]}),
        ({"train": [{"x": 1}]}, {"train": [{"x": 1.0}]}),
        ({"train": [{"x": datetime.date(2000, 1, 1)}]}, {"train": [{"x": datetime.date(2000, 1, 2)}]}),
    ],
)
def test_near_pairs_differ(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_settings_count():
    assert len({fingerprint(ROWS), fingerprint(ROWS, level="char"), fingerprint(ROWS, level="word")}) == 3


def test_a_value_without_canonical_form_is_refused():
    with pytest.raises(TypeError, match="object has no fingerprint"):
        fingerprint({"train": [{"x": object()}]})
