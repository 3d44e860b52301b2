"""Imports point one way only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnnbench

ROOT = Path(rnnbench.__file__).parent

# What each part may import of rnnbench, besides itself.
ALLOWED = {
    "errors": set(),
    "reading": {"errors"},
    "safe_files": {"errors", "reading"},
    "examples": {"errors", "safe_files"},
    "schema": {"errors"},
    "folders": set(),
    "applications": {"errors", "schema"},
    "cells": {"errors"},
    "engine": {"errors", "folders", "cells"},
    "backbone": {"errors", "cells", "engine"},
    "nn": {"errors", "cells", "engine", "backbone"},
    "decode": {"errors", "reading"},
    "data": {"errors", "reading", "safe_files", "folders", "schema"},
    "tasks": {"errors", "reading", "safe_files", "examples", "folders", "backbone", "nn", "data", "decode"},
    "results": {"errors", "reading", "applications", "safe_files", "folders"},
    "report": {"errors", "applications", "safe_files", "examples", "data", "results", "study"},
    "dashboard": {"errors", "applications", "results"},
    "platform": {"errors", "applications", "safe_files", "examples", "results", "tasks"},
    # The laws of applications run the verbs as a user would; the verb that checks them is the one way back.
    "testing": {"errors", "applications", "examples", "backbone", "cells", "engine", "results", "dashboard", "cli"},
    "bench": {"errors", "safe_files", "cells", "engine", "backbone", "platform", "results", "tasks", "cli"},
    "study": {"errors", "applications", "safe_files", "platform", "results"},
    "cli": {
        *("errors", "applications", "safe_files", "folders", "testing", "cells", "engine", "dashboard", "data"),
        *("reading", "platform", "report", "results", "study", "tasks"),
    },
    "__main__": {"cli"},
}


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


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_directions(path):
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if part != "__init__":
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
    ],
)
def test_verbs_that_read_files_do_not_import_torch(words):
    code = (
        "import sys; from rnnbench.cli import main; main(sys.argv[1:]);"
        "sys.exit(9 if {'torch', 'lightning', 'numpy'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False).returncode == 0
