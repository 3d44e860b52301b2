"""What tests of the platform share: an application of one's own in the working folder, and a free port."""

import shutil
import socket
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


@pytest.fixture
def port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
