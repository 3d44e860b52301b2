import sysconfig
from pathlib import Path

import pytest

from rnnbench.data.cards import load_card
from rnnbench.data.source import SPLITS
from rnnbench.data.sources.standard_library import StandardLibrary
from rnnbench.errors import UserError


def test_rows_are_modules_of_the_right_size():
    source = StandardLibrary()
    assert source.dataset == "standard_library"
    text = {}
    for split in SPLITS:
        rows = source.rows(split)
        assert len(rows) == load_card("standard_library").splits[split].rows
        text[split] = "".join(row["text"] for row in rows)
    # The library changes a little from version to version.
    assert 2.7e6 < len(text["train"]) < 3.5e6
    assert 150e3 < len(text["validation"]) < 200e3
    assert 150e3 < len(text["test"]) < 220e3
    assert all(part.isascii() for part in text.values())
    assert len(set(text["train"])) <= 100
    known = set(text["train"])
    for split in ("validation", "test"):
        # All but a few, which a distributor's patch may bring: Debian's has four tabs.
        assert sum(letter not in known for letter in text[split]) < 1e-4 * len(text[split])


def test_rows_have_names():
    rows = {row["name"]: row["text"] for row in StandardLibrary().rows("test")}
    assert "def JSONArray" in rows["json/decoder.py"]


def test_no_module_is_in_two_splits():
    names = [row["name"] for split in SPLITS for row in StandardLibrary().rows(split)]
    assert len(names) == len(set(names))


def test_a_python_without_sources_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"stdlib": str(tmp_path)})
    with pytest.raises(UserError, match="without the source") as caught:
        StandardLibrary().rows("train")
    assert "--data.source Files" in caught.value.hint
    assert Path(caught.value.where).name == "_collections_abc.py"
