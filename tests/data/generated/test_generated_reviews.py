import hashlib
import json
from collections import Counter

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


def test_the_same_on_every_machine_and_in_every_version():
    text = json.dumps([GeneratedReviews().rows(split) for split in SPLITS])
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == "43b4294892a9"


def test_each_adjective_says_little_by_itself():
    """Half of the statements are negated, half of the reviews have one that does not count."""
    rows = GeneratedReviews().rows("train")
    with_it = [row["label"] for row in rows if "brilliant" in row["text"]]
    assert 0.4 < with_it.count("positive") / len(with_it) < 0.75


def test_sentences_of_a_review_are_all_of_its_class():
    rows = GeneratedReviews(train=60, held_out=4, sentences=4, contrary=False).rows("train")
    positive, negative = ({"brilliant", "warm", "bold", "vivid"}, {"dull", "cold", "bleak", "vague"})
    for row in rows:
        words = row["text"].split()
        assert words.count(".") == 4
        assert not set(words) & (negative if row["label"] == "positive" else positive)
    assert any(set(row["text"].split()) & positive for row in rows)
