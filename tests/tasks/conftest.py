"""The command line in-process, for whole runs of the applications."""

import shlex
from typing import NamedTuple

import pytest

from rnnbench.cli import main


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def rnnbench(capsys):
    """Runs a command line; an error that no user made is raised unless ``debug`` is off."""

    def run(words, debug=True):
        status = main([*shlex.split(words), *(["--debug"] if debug else [])])
        return Outcome(status, *capsys.readouterr())

    return run
