"""Examples come back as they were written, whatever their text, and spoilt ones are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.examples import Line, Piece, plain, read_examples, write_examples

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
pieces = st.builds(Piece, texts, texts, st.integers(0, 1000).map(lambda k: k / 1000), st.integers(0, 9))
lines = st.builds(Line, texts, st.lists(pieces, max_size=3).map(tuple))


@given(st.lists(st.lists(lines, max_size=2).map(tuple), min_size=1, max_size=2))
def test_round_trip(tmp_path_factory, examples):
    path = tmp_path_factory.getbasetemp() / "examples.json"
    write_examples(path, examples)
    assert read_examples(path) == examples


def test_without_examples_there_is_no_file(tmp_path):
    path = tmp_path / "examples.json"
    write_examples(path, [(plain("a", "b"),)])
    write_examples(path, [])
    assert not path.exists()
    assert read_examples(path) == []


@pytest.mark.parametrize(
    "text", ["", "[", "{}x", "[1]", "[[1]]", '[[["a", [["b"]]]]]', '[[["a", [["b", "", "x", 0]]]]]']
)
def test_spoilt_ones_are_named(tmp_path, text):
    path = tmp_path / "examples.json"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_examples(path)
    assert error.value.where == str(path)
