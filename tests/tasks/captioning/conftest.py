"""A small folder of images with captions."""

import pytest
from two_sides import write_corpus


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "sides")
