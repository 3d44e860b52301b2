"""Studies of fake runs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from a_study import FILE

from rnnbench.cli.presets import config_path
from rnnbench.study.file import Study, read_study


@pytest.fixture
def study(tmp_path: Path) -> Callable[[str], Study]:
    """Reads a study's file of this text."""

    def make(text: str = FILE) -> Study:
        (tmp_path / "some.yaml").write_text(text)
        return read_study(tmp_path / "some.yaml", config_path)

    return make


@pytest.fixture(autouse=True)
def _found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
