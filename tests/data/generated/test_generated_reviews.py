import hashlib
import json
from collections import Counter

import pytest

from rnnbench.data.cards import load_card
from rnnbench.data.generated.reviews import GeneratedReviews
from rnnbench.data.source import SPLITS


def test_sizes_classes_and_no_repetition():
    source = GeneratedReviews()
    assert source.dataset == "generated_reviews"
    texts = []
    for split in SPLITS:
        rows = source.rows(split)
        assert len(rows) == load_card("generated_reviews").splits[split].rows
        assert len(set(Counter(row["label"] for row in rows).values())) == 1
        texts += [row["text"] for row in rows]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("options", "wanted"), [({"rare": 0}, "43b4294892a9"), ({}, "27b55578876f")])
def test_the_same_on_every_machine_and_in_every_version(options, wanted):
    text = json.dumps([GeneratedReviews(**options).rows(split) for split in SPLITS])
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == wanted


def test_each_adjective_says_little_by_itself():
    """Half of the statements are negated, half of the reviews have one that does not count."""
    rows = GeneratedReviews().rows("train")
    with_it = [row["label"] for row in rows if "brilliant" in row["text"]]
    assert 0.4 < with_it.count("positive") / len(with_it) < 0.75


def test_sentences_of_a_review_are_all_of_its_class():
    rows = GeneratedReviews(train=60, held_out=4, sentences=4, contrary=False, rare=0).rows("train")
    positive, negative = ({"brilliant", "warm", "bold", "vivid"}, {"dull", "cold", "bleak", "vague"})
    for row in rows:
        words = row["text"].split()
        assert words.count(".") == 4
        assert not set(words) & (negative if row["label"] == "positive" else positive)
    assert any(set(row["text"].split()) & positive for row in rows)


def test_some_words_of_the_test_split_are_in_no_review_of_training():
    """What is right in every case has to know them: there is room above any model."""

    def unknown(source):
        known = {word for row in source.rows("train") for word in row["text"].split()}
        return [row for row in source.rows("test") if not known.issuperset(row["text"].split())]

    assert 0.1 < len(unknown(GeneratedReviews())) / 1000 < 0.3
    assert unknown(GeneratedReviews(rare=0)) == []
