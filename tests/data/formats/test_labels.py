"""Labels as people write them, and their names."""

import math

import pytest

from rnnbench.data.formats.labels import label_names
from rnnbench.data.formats.records import parse_json
from rnnbench.errors import UserError


def names(*values, what="labels"):
    return label_names(values, what, lambda number: f"row {number}")


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        ([True, False], ["true", "false"], "bools of type bool are read as names of classes, such as True as 'true'"),
        ([1.0, 0.0], ["1", "0"], "floats of type float are read as names of classes, such as 1.0 as '1'"),
        (
            [" pos ", "pos"],
            ["pos", "pos"],
            "blanks with blanks around them are read as names of classes, such as ' pos '",
        ),
        ([-1, 2], ["-1", "2"], None),
        (["a b", "1.0"], ["a b", "1.0"], None),
    ],
)
def test_names_and_what_is_said(capsys, values, expected, said):
    what = said.split()[0] if said else "labels"
    assert names(*values, what=what) == expected
    assert names(*values, what=what) == expected
    err = capsys.readouterr().err
    assert err.count("\n") == (1 if said else 0), "said once"
    assert said is None or said in err


@pytest.mark.parametrize(
    "value", [None, "", "  ", 0.5, math.nan, math.inf, [], {}, b"a", 10**40, parse_json("1e400", "a")]
)
def test_what_names_no_class(value):
    with pytest.raises(UserError, match="is no label") as caught:
        names("a", value)
    assert caught.value.where == "row 1"


def test_kinds_are_not_mixed():
    with pytest.raises(
        UserError, match=r"True is no label\nall labels have to be of one kind; those before it are text"
    ):
        names("a", True)
    assert names(1, 2.0) == ["1", "2"]
