"""Clips that tests of this application read."""

from pathlib import Path

import pytest
from clip_files import write_gif, write_table


@pytest.fixture
def clips():
    """Ten animations that go from dark to light in the folder clips; the rows of their table of labels."""
    Path("clips").mkdir()
    rows = []
    for number in range(10):
        dark = 1 + number % 3
        write_gif(f"clips/{number}.gif", [10 + i for i in range(dark)] + [240 - i for i in range(3)])
        rows.append(f"{number}.gif,{dark},{dark + 2},light")
    write_table(rows)
    return rows
