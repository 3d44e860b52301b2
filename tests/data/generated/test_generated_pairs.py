import hashlib
import json

import pytest

from rnnbench.data.cards import load_card
from rnnbench.data.generated.base import Generated
from rnnbench.data.generated.pairs import GeneratedPairs
from rnnbench.data.source import SPLITS
from rnnbench.errors import UserError


def small(**options):
    return GeneratedPairs(**{"train": 200, "held_out": 40} | options)


def values(rows):
    return [(row["kind"], *row["value"]) for row in rows]


def test_sizes_and_no_value_twice():
    source = GeneratedPairs()
    assert source.dataset == "generated_pairs"
    found = []
    for split in SPLITS:
        rows = Generated.rows(source, split)  # the values alone
        assert len(rows) == load_card("generated_pairs").splits[split].rows
        found += values(rows)
    assert len(set(found)) == len(found)


def test_the_same_on_every_machine_and_in_every_version():
    text = json.dumps([small().rows(split) for split in SPLITS])
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "562105e7eaee"


def test_more_to_train_on_leaves_the_held_out_pairs_alone():
    assert small(train=400).rows("test") == small().rows("test")
    assert values(small(train=400).rows("train"))[:200] == values(small().rows("train"))


def test_no_value_can_be_in_two_splits_however_many_are_drawn():
    source = small(kinds=["times"], train=550, held_out=60)
    held_out = set(values(source.rows("validation"))) | set(values(source.rows("test")))
    others = values(small(kinds=["times"], train=300, held_out=50).rows("train"))
    assert not held_out & set(others)


def test_morphemes_are_words_and_every_word_has_its_meanings():
    for row in small().rows("train"):
        for language in ("en", "de", "fr", "zh"):
            assert len(row[language].split()) == len(row["meanings"][language])


def test_joined_text_is_as_people_write_and_has_no_alignment():
    row = next(row for row in small(joined=True, kinds=["numbers"]).rows("train") if row["value"][0] > 10_000)
    assert " " not in row["zh"]
    assert " " not in row["de"]
    assert "meanings" not in row


def test_numbers_stay_below_the_largest_one():
    found = [row["value"][0] for row in small(kinds=["numbers"], largest=1234).rows("train")]
    assert max(found) <= 1234
    assert min(found) < 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ["number"]}, "did you mean: numbers"),
        ({"kinds": []}, "no kind is named"),
        ({"largest": 0}, "--data.source.largest"),
        ({"largest": 10**12}, "--data.source.largest"),
        ({"train": 0}, "--data.source.train"),
        ({"held_out": 0}, "--data.source.held_out"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(UserError, match=message):
        small(**options)


def test_more_rows_than_values_are_an_error_and_no_endless_search():
    with pytest.raises(UserError, match="there are not 1,000 different rows for train; found 5"):
        small(kinds=["times"], train=1000).rows("train")
