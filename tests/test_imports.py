"""Imports point one way only."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rnnbench

ROOT = Path(rnnbench.__file__).parent

ROW = re.compile(r"^\| `(?P<part>\w+)` \|[^|]*\| (?P<names>[^|]*)\|$", re.MULTILINE)
PAGE = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
# What each part may import of rnnbench, besides itself: the table of the page that people read.
ALLOWED = {row["part"]: {"errors", *re.findall(r"`(\w+)`", row["names"])} for row in ROW.finditer(PAGE)}


def imported(path: Path) -> set[str]:
    """First parts below rnnbench that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("rnnbench.")}
    return found


def test_the_table_has_every_part():
    parts = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert set(ALLOWED) == parts - {"__init__", "__main__"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_directions(path):
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if part not in ("__init__", "__main__"):
        parts = {name for name in imported(path) if (ROOT / name).exists() or (ROOT / f"{name}.py").exists()}
        assert parts - {part} <= ALLOWED[part]


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").rglob("*.py")), ids=lambda path: path.name)
def test_no_task_names_a_cell(path):
    assert "cells" not in imported(path)


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["--version"],
        ["--help"],
        ["compare", "--help"],
        ["check-cell", "--help"],
        ["study", "--help"],
        ["report", "--help"],
        ["doctor", "--help"],
    ],
)
def test_verbs_that_read_files_do_not_import_torch(words):
    code = (
        "import sys; from rnnbench.cli import main; main(sys.argv[1:]);"
        "sys.exit(9 if {'torch', 'lightning', 'numpy'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False).returncode == 0
