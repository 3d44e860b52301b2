"""Options that name a picture: what cannot be written is refused before the work, for which a user waits."""

import pytest

from rnnbench.errors import UserError
from rnnbench.tasks.base.pictures import new_picture, new_picture_or_film


@pytest.mark.parametrize("name", ["a.png", "A.SVG", "a.pdf"])
def test_a_picture_that_can_be_written(tmp_path, name):
    assert new_picture(str(tmp_path / name)) == tmp_path / name == new_picture_or_film(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.xyz", "a picture cannot be written as .xyz"),
        ("a", "a picture cannot be written as a file without extension"),
        ("nowhere/a.png", "there is no folder"),
    ],
)
def test_one_that_cannot(tmp_path, name, problem):
    for kind in (new_picture, new_picture_or_film):
        with pytest.raises(UserError, match=problem):
            kind(str(tmp_path / name))


def test_a_film(tmp_path):
    assert new_picture_or_film(str(tmp_path / "a.gif")) == tmp_path / "a.gif"
    with pytest.raises(UserError, match="there is no folder"):
        new_picture_or_film(str(tmp_path / "nowhere/a.gif"))
