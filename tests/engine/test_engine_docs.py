"""The blocks of code in the pages on engines run, in order, as they stand."""

import re
from pathlib import Path

import pytest
import torch

import rnnbench

DOCS = Path(rnnbench.__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["engine.md", "gpu.md"])
def test_blocks_run(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert blocks
    torch.manual_seed(0)
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})


@pytest.mark.parametrize("page", ["engine.md", "gpu.md"])
def test_files_that_a_page_names_are_there(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    engine = DOCS.parent / "rnnbench" / "engine"
    for name in set(re.findall(r"`((?:\w+/)*\w+\.(?:py|cpp))(?:::\w+)?`", text)):
        roots = (
            DOCS.parent,
            Path(__file__).parent,
            engine,
            *(folder for folder in engine.iterdir() if folder.is_dir()),
        )
        assert any((root / name).is_file() for root in roots), name


def test_tests_that_the_findings_name_are_there():
    text = (DOCS / "gpu.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)*test_\w+\.py)::(test_\w+)`", text)
    assert named
    for file, test in named:
        path = (DOCS.parent if "/" in file else Path(__file__).parent) / file
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{file}::{test}"
