"""BLEU, ROUGE-L and CIDEr-D as pycocoevalcap has them, and the other numbers by hand."""

import random

import pytest

from rnnbench.results.statistics.corpus import bleu
from rnnbench.tasks.captioning.captions import caption_words
from rnnbench.tasks.captioning.metrics import bleu_counts, bleu_signature, caption_metrics
from rnnbench.tasks.captioning.scores.cider import Cider, cider
from rnnbench.tasks.captioning.scores.rouge import rouge_l

FIXED = [
    (
        "a dog runs across the green grass",
        ["a brown dog runs across the grass", "the dog is running on green grass", "a dog runs through a field"],
    ),
    (
        "two men play football in the snow",
        [
            "two men play in the snow",
            "men are playing football",
            "two people play football in deep white snow",
            "two men in the snow with a ball",
        ],
    ),
    ("a girl in a red dress", ["a little girl in a red dress sits on a bench", "a girl wears a red dress"]),
    (
        "a man",
        [
            "a man climbs a steep rock wall",
            "a climber on a rock",
            "a man is climbing",
            "the man with a rope climbs",
            "a person climbs a wall of rock",
        ],
    ),
    ("the the the the dog dog", ["the dog sleeps", "a dog sleeps on the floor"]),
    ("birds fly over water", ["a boat on the lake", "people in a small boat"]),
    (
        "a brown dog runs across the grass",
        ["a brown dog runs across the grass", "the dog is running on green grass", "a dog runs"],
    ),
    (
        "children jump into the pool and swim and swim and swim again",
        ["children jump into the pool", "kids swim in the pool and play in the water again and again"],
    ),
]
CAPTIONS = [caption for caption, _ in FIXED]
REFERENCES = [references for _, references in FIXED]

# What pycocoevalcap 1.2 gives for these.
BLEU = [0.7395083480924702, 0.6857454655293803, 0.6109343420373553, 0.5127200959507262]
ROUGE = [
    0.8571428571428571, 0.9360613810741688, 0.8944281524926685, 0.6288659793814433, 0.4728682170542636, 0.0, 1.0,
    0.6354166666666666,
]  # fmt: skip
CIDER = [
    2.601081375309211, 3.0921443250787624, 4.088863501473881, 1.1134239700693853, 0.49342668927053346, 0.0,
    4.235393361222132, 1.9610807305847264,
]  # fmt: skip


def test_the_values_of_pycocoevalcap():
    found = caption_metrics(CAPTIONS, REFERENCES, set())
    for n, value in enumerate(BLEU, start=1):
        assert found[f"bleu_{n}"] / 100 == pytest.approx(value, abs=1e-6)
    assert [rouge_l(*pair) for pair in FIXED] == pytest.approx(ROUGE, abs=1e-6)
    assert found["rouge_l"] == pytest.approx(100 * sum(ROUGE) / len(ROUGE), abs=1e-6)
    assert cider(CAPTIONS, REFERENCES) == pytest.approx(CIDER, abs=1e-6)
    assert found["cider"] == pytest.approx(100 * sum(CIDER) / len(CIDER), abs=1e-6)


def test_equal_to_pycocoevalcap_where_it_is_installed():
    pytest.importorskip("pycocoevalcap")
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider as TheirCider
    from pycocoevalcap.rouge.rouge import Rouge

    drawn = random.Random(1)
    words = ["a", "the", "dog", "man", "runs", "jumps", "over", "on", "grass", "water", "red", "two"]

    def text():
        return " ".join(drawn.choice(words) for _ in range(drawn.randint(1, 12)))

    references = [[text() for _ in range(drawn.randint(1, 5))] for _ in range(60)]
    captions = [text() if i % 3 else one[0] for i, one in enumerate(references)]
    truth, said = dict(enumerate(references)), {i: [caption] for i, caption in enumerate(captions)}
    found = caption_metrics(captions, references, set())
    for n, value in enumerate(Bleu(4).compute_score(truth, said, verbose=0)[0], start=1):
        assert found[f"bleu_{n}"] / 100 == pytest.approx(value, abs=1e-6)
    assert found["rouge_l"] / 100 == pytest.approx(Rouge().compute_score(truth, said)[0], abs=1e-6)
    assert cider(captions, references) == pytest.approx(list(TheirCider().compute_score(truth, said)[1]), abs=1e-6)


def test_counts_make_the_corpus_score():
    counts = bleu_counts(CAPTIONS, REFERENCES)
    assert counts.shape == (len(FIXED), 10)
    assert bleu(counts.numpy().sum(axis=0)) == pytest.approx(100 * BLEU[3], abs=1e-6)


def test_signatures_tell_the_order():
    assert bleu_signature(4) == "case:mixed|eff:no|tok:none|smooth:none|version:" + bleu_signature(4).rpartition(":")[2]
    assert "nrefs" not in bleu_signature(1)


def test_variety():
    captions = ["a b a b", "a b", "c"]
    found = caption_metrics(captions, [["a b"], ["a b"], ["c"]], {"a b"})
    assert found["distinct_1"] == pytest.approx(3 / 7)
    assert found["distinct_2"] == pytest.approx(2 / 4)
    assert found["novel"] == pytest.approx(2 / 3)


def test_empty_captions_count_as_wrong():
    found = caption_metrics(["", ""], [["a dog"], ["a cat", "the cat"]], set())
    assert {found[name] for name in ("bleu_1", "bleu_4", "rouge_l", "cider", "distinct_1")} == {0.0}


def test_a_known_vector_scores_the_same():
    scorer = Cider(REFERENCES)
    assert scorer.score(CAPTIONS[0], REFERENCES[0]) == pytest.approx(CIDER[0], abs=1e-6)
    assert scorer.score(REFERENCES[0][0], REFERENCES[0][:1]) == pytest.approx(10)


def test_words_of_captions():
    text = "A man's dog , well-known in the U.S. , RUNS ."
    assert caption_words(text) == "a man 's dog well-known in the u.s. runs"
    assert caption_words(text, lowercase=False) == "A man 's dog well-known in the U.S. RUNS"
    assert caption_words(text, punctuation=True) == "a man 's dog , well-known in the u.s. , runs ."
    assert caption_words(text, unit="word") == "a man's dog well-known in the u.s. runs"
    assert caption_words(caption_words(text)) == caption_words(text)
    assert caption_words(" . ! ") == ""
