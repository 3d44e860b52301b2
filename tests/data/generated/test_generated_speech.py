"""Synthesised speech: the same every time, and no voice and sentence in two splits."""

import pytest

from rnnbench.data.audio.recording import num_samples, recording_of
from rnnbench.data.generated import speech as generated_speech
from rnnbench.data.generated.espeak import Utterance, speak
from rnnbench.data.generated.speech import GeneratedSpeech, number_words, ordinal_words, year_words
from rnnbench.data.source import SPLITS
from rnnbench.errors import UserError


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (305, "three hundred and five"),
        (2000, "two thousand"),
        (2017, "two thousand and seventeen"),
        (9999, "nine thousand nine hundred and ninety nine"),
    ],
)
def test_numbers(number, words):
    assert number_words(number) == words


def test_numbers_are_those_of_num2words():
    num2words = pytest.importorskip("num2words").num2words
    for number in [*range(1100), *range(1100, 10000, 37)]:
        assert number_words(number) == num2words(number).replace("-", " ").replace(",", "")
    for number in range(1, 100):
        assert ordinal_words(number) == num2words(number, to="ordinal").replace("-", " ")


def test_years():
    assert [year_words(year) for year in (1700, 1805, 1984, 2000, 2009, 2010)] == [
        "seventeen hundred", "eighteen oh five", "nineteen eighty four", "two thousand", "two thousand and nine",
        "twenty ten",
    ]  # fmt: skip


def test_voices_differ_between_splits():
    voices = [voice for voices in generated_speech._VOICES.values() for voice in voices]
    assert len(voices) == len(set(voices))


def test_it_is_made_once_and_always_the_same(monkeypatch, tmp_path):
    source = GeneratedSpeech(6, 2, 3)
    rows = {split: source.rows(split) for split in SPLITS}
    assert [len(rows[split]) for split in SPLITS] == [6, 2, 3]
    texts = [row["text"] for split in SPLITS for row in rows[split]]
    assert len(set(texts)) == 11
    for row in rows["test"]:
        assert num_samples(recording_of(row["audio"], ""), 16000) > 8000
        assert row["speaker"].partition("+")[2] in generated_speech._VOICES["test"]
    with monkeypatch.context() as context:
        context.setattr(generated_speech, "_make", lambda sizes: pytest.fail("made again"))
        assert GeneratedSpeech(6, 2, 3).rows("test") == rows["test"]
    monkeypatch.setenv("RNNBENCH_CACHE", str(tmp_path / "other"))
    assert {split: GeneratedSpeech(6, 2, 3).rows(split) for split in SPLITS} == rows


def test_what_the_synthesiser_refuses():
    with pytest.raises(UserError, match="eSpeak NG fails: there is no voice xx"):
        speak([Utterance("hello", "xx", 150, 50, 50)])
    _, [nothing] = speak([Utterance("", "en-us", 150, 50, 50)])
    assert len(nothing) < 22050
