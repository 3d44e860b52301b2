"""A part of the training split."""

import pytest

from rnnbench.data import GeneratedReviews, Subset
from rnnbench.errors import UserError


def test_a_smaller_subset_lies_in_a_larger_one_and_keeps_the_order():
    whole = GeneratedReviews(train=50, held_out=5)
    small, large = (list(Subset(whole, size).rows("train")) for size in (7, 20))
    everything = whole.rows("train")
    places = [everything.index(row) for row in large]
    assert (len(small), len(large)) == (7, 20)
    assert places == sorted(places)
    assert all(row in large for row in small)
    assert list(Subset(whole, 7, draw=2).rows("train")) != small


def test_what_is_measured_on_stays_whole():
    whole = GeneratedReviews(train=50, held_out=5)
    for split in ("validation", "test"):
        assert Subset(whole, 7).rows(split) == whole.rows(split)


def test_a_row_is_named_by_its_place_in_the_whole():
    whole = GeneratedReviews(train=50, held_out=5)
    subset = Subset(whole, 7)
    for number, row in enumerate(subset.rows("train")):
        assert subset.place("train", number) == whole.place("train", whole.rows("train").index(row))


def test_more_rows_than_there_are():
    with pytest.raises(UserError, match="train has 50 rows, and 51 are wanted"):
        Subset(GeneratedReviews(train=50, held_out=5), 51).rows("train")
