"""An application of one's own, in the working folder."""

import shutil
from pathlib import Path

import pytest

from rnnbench.cli import main

OPTIONS = "--model length_task.LengthModel --data length_task.LengthData --trainer.accelerator cpu"


@pytest.fixture
def own_task(tmp_path, monkeypatch):
    """Runs a verb on the application of `own/length_task.py`; fails where it fails."""
    shutil.copy(Path(__file__).parent / "own" / "length_task.py", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(words: str) -> None:
        assert main([*words.format(own=OPTIONS).split(), "--debug"]) == 0

    yield run
    import sys

    sys.modules.pop("length_task", None)
