"""Answers as lines of JSON."""

import json
import math

import pytest

from rnnbench.data.lines import json_line


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_finite_number_is_null(value):
    assert json.loads(json_line({"values": [1 / 3, value], "by": {"a": value}})) == {
        "values": [0.333333333, None],
        "by": {"a": None},
    }
