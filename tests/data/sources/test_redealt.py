"""Training and validation dealt anew with every seed."""

import pytest

from rnnbench.data import GeneratedNews, GeneratedReviews, Redealt
from rnnbench.errors import UserError
from rnnbench.tasks.labelling import TaggingData
from rnnbench.tasks.sentiment import SentimentData

SIZES = {"train": 50, "held_out": 12}


def seeded(monkeypatch, seed, source=None):
    monkeypatch.setenv("PL_GLOBAL_SEED", str(seed))
    return Redealt(source or GeneratedReviews(**SIZES))


def texts(source, *splits):
    return [row["text"] for split in splits for row in source.rows(split)]


def test_every_seed_deals_the_same_rows_into_hands_of_the_same_sizes(monkeypatch):
    whole, hands = GeneratedReviews(**SIZES), []
    for seed in (1, 2, 1):
        source = seeded(monkeypatch, seed)
        assert (len(source.rows("train")), len(source.rows("validation"))) == (50, 12)
        assert sorted(texts(source, "train", "validation")) == sorted(texts(whole, "train", "validation"))
        assert texts(source, "test") == texts(whole, "test")
        hands.append(texts(source, "train"))
    assert hands[0] == hands[2] != hands[1]
    assert set(hands[0]) != set(hands[1])


def test_a_row_is_named_by_its_place_in_the_data(monkeypatch):
    source, whole = seeded(monkeypatch, 3), GeneratedReviews(**SIZES)
    places = {
        whole.place(split, k): row for split in ("train", "validation") for k, row in enumerate(whole.rows(split))
    }
    for split in ("train", "validation"):
        for number, row in enumerate(source.rows(split)):
            assert places[source.place(split, number)] == row
    assert source.place("test", 2) == whole.place("test", 2)


@pytest.mark.parametrize(
    "made",
    [
        lambda source: SentimentData(source or GeneratedReviews(**SIZES)),
        lambda source: TaggingData(source or GeneratedNews(**SIZES), "entities"),
    ],
    ids=["sentiment", "labelling"],
)
def test_all_seeds_are_of_one_data_set_which_is_not_that_of_runs_that_deal_nothing(monkeypatch, made):
    plain = made(None)
    found = []
    for seed in (1, 2):
        data = made(seeded(monkeypatch, seed, made(None).source))
        data.setup("fit")
        found.append(data.fingerprint)
        assert data.details()["dealt"] == "anew with every seed"
    plain.setup("fit")
    assert "dealt" not in plain.details()
    assert found[0] == found[1] != plain.fingerprint


def test_other_columns_are_named_in_the_source_that_is_dealt_from(monkeypatch):
    with pytest.raises(UserError, match="by the columns that the application reads"):
        seeded(monkeypatch, 1).records("train")
