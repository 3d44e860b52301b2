"""The blocks of code of pages that compute as one reads run in order, as they stand, and print what the pages say."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["why-networks-forget.md", "chain-tree-memory-graph.md", "diagnostics.md"])
def test_blocks_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})
    printed = capsys.readouterr().out.splitlines()
    assert printed
    if page != "diagnostics.md":
        assert [line for line in printed if line.rstrip(".") not in text] == []
    for name in re.findall(r"\((pictures/\w+\.png)\)", text):
        assert (tmp_path / name).is_file()
        assert (DOCS / name).is_file()
