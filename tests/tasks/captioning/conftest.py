"""A small folder of images with captions, and the command line in-process."""

import shlex

import pytest
from two_sides import write_corpus

from rnnbench.cli import main


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "sides")


@pytest.fixture
def run(capsys):
    """Runs a command line and gives its status, output and errors."""

    def run(words, debug=True):
        status = main([*shlex.split(words), *(["--debug"] if debug else [])])
        return status, *capsys.readouterr()

    return run
