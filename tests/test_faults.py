"""The table of faults names tests that exist, for each number."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "faults.md"
ROWS = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]


def test_each_number_has_its_row():
    assert [int(line.split("|")[1]) for line in ROWS] == list(range(1, 31))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_what_it_names_is_a_test(row):
    _, _, cause, held_by, _, _ = row.split("|")
    assert cause.strip()
    assert "::" in held_by
    for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", row):
        text = (TESTS / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file} has no {name}"
    assert row.count("::") == len(re.findall(r"`[\w/]+\.py::\w+`", row))
