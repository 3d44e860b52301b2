"""Trees of any origin, and the generated expressions."""

import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.data import GeneratedExpressions
from rnnbench.data.formats.trees import read_tree
from rnnbench.data.trees.read import TreeReader
from rnnbench.data.trees.tree import binarized, from_brackets, from_heads, merged, shaped

WORDS = ["a", "b", "c", "d", "e"]


def tree_of(text):
    return from_brackets(read_tree(text))


def test_brackets_are_children_before_parents():
    tree = tree_of("(3 (2 It) (4 's lovely))")
    assert tree.words == ("It", "'s", "lovely")
    assert tree.parents == (4, 3, 3, 4, -1)
    assert tree.labels == ("2", None, None, "4", "3")
    assert tree.heights() == [0, 0, 0, 1, 2]
    assert tree.spans() == [(0, 1), (1, 2), (2, 3), (1, 3), (0, 3)]
    assert tree.brackets() == "(3 (2 It) (4 (_ 's) (_ lovely)))"
    assert tree_of("(1 good)").parents == (-1,)


@pytest.mark.parametrize(
    ("shape", "brackets"),
    [
        ("balanced", "(x (_ (_ (_ a) (_ b)) (_ (_ c) (_ d))) (_ e))"),
        ("left", "(x (_ (_ (_ (_ a) (_ b)) (_ c)) (_ d)) (_ e))"),
        ("right", "(x (_ a) (_ (_ b) (_ (_ c) (_ (_ d) (_ e)))))"),
    ],
)
def test_shapes_that_depend_on_nothing_but_length(shape, brackets):
    assert shaped(WORDS, shape, "x").brackets() == brackets
    assert shaped(["a"], shape, "x").brackets() == "(x a)"


@settings(max_examples=40)
@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_merged_trees_are_read_again_as_they_are(size, draw):
    tree = merged([str(i) for i in range(size)], lambda parts: [draw.randrange(parts - 1)], "x")
    again = tree_of(tree.brackets())
    assert again == tree
    assert sorted(tree.bottom_up()) == list(range(len(tree))) == list(range(2 * size - 1))


@settings(max_examples=40)
@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_binarized_trees_have_the_same_words_and_phrases(size, draw):
    here = [f"(L{i} w{i})" for i in range(size)]
    while len(here) > 1:
        count = draw.randint(2, min(5, len(here)))
        start = draw.randint(0, len(here) - count)
        here[start : start + count] = [f"(P{len(here)} {' '.join(here[start : start + count])})"]
    tree = tree_of(here[0])
    binary = binarized(tree)
    assert binary.arity() <= 2
    assert binary.words == tree.words

    def phrases(one):
        return {(label, span) for label, span in zip(one.labels, one.spans(), strict=True) if label is not None}

    assert phrases(binary) == phrases(tree)


def test_heads():
    tree = from_heads(["I", "saw", "him"], [2, 0, 2], "x")
    assert tree.brackets() == "(x saw (_ I) (_ him))"
    assert tree.words_inside
    assert tree.spans()[1] == (0, 3)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([2, 0], "3 words, and 2 heads"),
        ([2, 0, 9], "word 3 depends on word 9, and there are 3"),
        ([0, 0, 1], "one root, a word with head 0; here: 1, 2"),
        ([2, 3, 1], "one root, a word with head 0; here: none"),
        ([0, 3, 2], "word 2 depends on itself, in a circle"),
    ],
)
def test_heads_that_make_no_tree(heads, message):
    with pytest.raises(ValueError, match=message):
        from_heads(["I", "saw", "him"], heads)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "so fine"}, "there is no tree"),
        ({"tokens": ["so"], "heads": ["x"]}, "heads are numbers of words"),
        ({"tokens": "so", "heads": [0]}, "tokens are a list of words; here: 'so'"),
        ({"tokens": [], "heads": []}, "one root"),
        ({"tree": "(1 (2 so)"}, "line 1, column 1: a bracket is opened and not closed"),
    ],
)
def test_rows_without_a_tree(row, message):
    with pytest.raises(ValueError, match=message):
        TreeReader("given", "english", False).read(row)


@pytest.mark.parametrize(("unit", "words"), [("english", "it 's"), ("word", "it's"), ("char", "i t ' s")])
def test_words_of_a_text(unit, words):
    assert list(TreeReader("left", unit, False).read({"text": "it's"}).words) == words.split()


def value(tokens):
    """Reads and evaluates an expression: another program than the one that made it."""
    token = tokens.pop(0)
    if token.isdigit():
        return int(token)
    arguments = []
    while tokens[0] != "]":
        arguments.append(value(tokens))
    tokens.pop(0)
    return int({"[MAX": max, "[MIN": min, "[MED": median, "[SM": lambda some: sum(some) % 10}[token](arguments))


def test_expressions_are_what_they_are_worth():
    source = GeneratedExpressions(train=150, held_out=80, depth=3, test_depth=5)
    splits = {split: source.rows(split) for split in ("train", "validation", "test")}
    assert {split: max(row["depth"] for row in rows) for split, rows in splits.items()} == {
        "train": 3, "validation": 3, "test": 5,
    }  # fmt: skip
    texts = [row["text"] for rows in splits.values() for row in rows]
    assert len(set(texts)) == len(texts)
    for row in (row for rows in splits.values() for row in rows):
        tree = tree_of(row["tree"])
        assert " ".join(tree.words) == row["text"]
        assert tree.arity() == 2
        assert row["label"] == tree.labels[tree.root] == str(value(row["text"].split()))
        for label, (begin, end) in zip(tree.labels, tree.spans(), strict=True):
            if label is not None:
                assert label == str(value(list(tree.words[begin:end])))
        assert row["text"].count("[") == row["text"].count("]")


def test_expressions_are_the_same_whatever_else_is_drawn():
    random.seed(5)
    one = GeneratedExpressions(train=9, held_out=9).rows("test")
    assert GeneratedExpressions(train=20, held_out=9).rows("test") == one
