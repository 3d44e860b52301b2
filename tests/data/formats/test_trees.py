import pytest

from rnnbench.data.formats.trees import read_phrases

TREE = "(3 (2 It) (4 (2 's) (4 (3 lovely) (2 -LRB-))))"


def test_all_phrases_the_whole_last():
    assert read_phrases(TREE) == [
        ("It", "2"), ("'s", "2"), ("lovely", "3"), ("(", "2"), ("lovely (", "4"), ("'s lovely (", "4"),
        ("It 's lovely (", "3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("", "the tree is empty"),
        ("(3 (2 It)", "not closed"),
        ("(3 (2 It)))", "column 11: '\\)' stands after the end"),
        ("(3 It) (2 is)", "after the end"),
        ("3 It", "line 1, column 1: '3' stands in no bracket"),
        ("(3)", "a node 3 of the tree has no words"),
        ("(3 (2 It) ())", "has no label"),
        ("((2 It) (2 is))", "has no label"),
        ("(", "column 1: a bracket is opened and not closed"),
    ],
)
def test_malformed_trees(tree, message):
    with pytest.raises(ValueError, match=message):
        read_phrases(tree)
