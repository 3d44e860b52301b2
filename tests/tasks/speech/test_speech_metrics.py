"""Error rates of a split: by the definition, and however the split is cut."""

from rnnbench.tasks.speech.metrics import (
    character_errors,
    corpus_metrics,
    kinds_of_errors,
    word_errors,
    worst_first,
)


def distance(wanted, found):
    """Levenshtein's distance by its recurrence."""
    row = list(range(len(found) + 1))
    for i, a in enumerate(wanted, start=1):
        before, row = row, [i]
        for j, b in enumerate(found, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


PAIRS = [
    ("turn on the light", "turn of light"),
    ("a", ""),
    ("", "b c"),
    ("", ""),
    ("same here", "same here"),
    ("žluťoučký kůň", "zluťoučký kůň úpěl"),
]


def test_errors_are_the_fewest():
    for wanted, found in PAIRS:
        words, characters = word_errors(wanted, found), character_errors(wanted, found)
        assert words.total == distance(wanted.split(), found.split())
        assert characters.total == distance(wanted, found)
        assert (words.wanted, characters.wanted) == (len(wanted.split()), len(wanted))


def test_rates_are_those_of_the_corpus_and_not_means_of_rates():
    words = [word_errors(*pair) for pair in PAIRS]
    characters = [character_errors(*pair) for pair in PAIRS]
    found = corpus_metrics(words, characters)
    assert found["word_error_rate"] == (2 + 1 + 2 + 0 + 0 + 2) / (4 + 1 + 0 + 0 + 2 + 2)
    assert found["accuracy"] == 2 / 6
    kinds = kinds_of_errors(words)
    assert sum(kinds[f"word_{kind}"] for kind in ("substitutions", "deletions", "insertions")) == 7
    assert (kinds["word_deletions"], kinds["word_insertions"]) == (2, 3)


def test_nothing_said_at_all():
    assert corpus_metrics([word_errors("", "a")], [character_errors("", "a")])["word_error_rate"] == 1


def test_the_worst_come_first():
    rows = [("a.wav", "one two", "one two"), ("b.wav", "three four", ""), ("c.wav", "five", "six")]
    lines = worst_first(rows, [word_errors(*row[1:]) for row in rows]).splitlines()
    assert [line.split("\t")[-1] for line in lines] == ["recording", "b.wav", "c.wav", "a.wav"]
    assert lines[1].split("\t")[:5] == ["2", "2", "0", "2", "0"]
