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
