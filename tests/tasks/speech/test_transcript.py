"""Transcripts in every form, to the letter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.decode.ctc import Segment
from rnnbench.tasks.speech.transcript import Word, as_json, as_srt, as_text, as_vtt, words_of

LABELS = ["", " ", "a", "b"]
WORDS = [Word("see", 0.5, 0.7404, 0.9), Word("R&D", 0.8, 1.0, 0.51239), Word("-->", 3661.2345, 3661.5, 1.0)]


def test_words_of_characters():
    segments = [
        Segment(1, 0, 1, 0.9),
        Segment(2, 2, 3, 0.5),
        Segment(3, 5, 8, 0.9),
        Segment(1, 8, 9, 0.9),
        Segment(1, 10, 11, 0.9),
        Segment(2, 20, 21, 0.25),
    ]
    first, second = words_of(segments, LABELS, 0.03)
    assert first == Word("ab", pytest.approx(0.06), pytest.approx(0.24), pytest.approx((0.5 + 3 * 0.9) / 4))
    assert second == Word("a", pytest.approx(0.6), pytest.approx(0.63), 0.25)
    assert words_of([], LABELS, 0.03) == []


def test_words_that_are_tokens():
    segments = [Segment(1, 0, 2, 0.5), Segment(2, 2, 3, 0.75)]
    assert words_of(segments, ["", "yes", "no"], 1.0) == [Word("yes", 0.0, 2.0, 0.5), Word("no", 2.0, 3.0, 0.75)]


def test_text():
    assert as_text(WORDS) == "see R&D -->\n"
    assert as_text([]) == "\n"


def test_json():
    assert as_json(WORDS[:2], 'a "b".wav') == (
        '{"recording": "a \\"b\\".wav", "text": "see R&D", "words": ['
        '{"word": "see", "start": 0.5, "end": 0.74, "confidence": 0.9}, '
        '{"word": "R&D", "start": 0.8, "end": 1.0, "confidence": 0.5124}]}\n'
    )
    assert json.loads(as_json([Word("ž", 0, 1, 1)], "x")) == {
        "recording": "x",
        "text": "ž",
        "words": [{"word": "ž", "start": 0, "end": 1, "confidence": 1}],
    }
    assert as_json([], "silence") == '{"recording": "silence", "text": "", "words": []}\n'


def test_srt():
    assert as_srt(WORDS) == ("1\n00:00:00,500 --> 00:00:01,500\nsee R&D\n\n2\n01:01:01,234 --> 01:01:02,234\n-- >\n\n")
    assert as_srt([]) == ""


def test_vtt():
    assert as_vtt([*WORDS[:2], Word("a<b", 1.2, 1.3, 1), WORDS[2]]) == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nsee R&amp;D a&lt;b\n\n01:01:01.234 --> 01:01:02.234\n--&gt;\n\n"
    )
    assert as_vtt([]) == "WEBVTT\n\n"


def test_subtitles_are_parted_where_they_would_be_too_long():
    words = [Word("wonderful", 0.3 * i, 0.3 * i + 0.25, 1.0) for i in range(13)]
    assert as_srt(words) == (
        "1\n00:00:00,000 --> 00:00:02,350\n"
        "wonderful wonderful wonderful wonderful\nwonderful wonderful wonderful wonderful\n\n"
        "2\n00:00:02,400 --> 00:00:03,850\n"
        "wonderful wonderful wonderful wonderful\nwonderful\n\n"
    )
    slow = [Word("so", 0.9 * i, 0.9 * i + 0.5, 1.0) for i in range(9)]
    assert as_srt(slow).count("-->") == 2
    assert as_vtt([Word("a" * 60, 0, 1, 1), Word("b", 1, 2, 1)]).endswith("a\nb\n\n")


moments = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.01, 2.0), st.integers(1, 50)), min_size=1, max_size=30)


def milliseconds(time):
    hours, minutes, seconds, rest = map(int, time.replace(",", ":").split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


@given(moments)
def test_subtitles_hold_every_word_once_in_time(moments):
    words, now = [], 0.0
    for pause, length, letters in moments:
        words.append(Word("x" * letters, now + pause, now + pause + length, 1.0))
        now += pause + length
    last = 0
    found = []
    for cue in as_srt(words).removesuffix("\n\n").split("\n\n"):
        _, times, *lines = cue.split("\n")
        start, end = map(milliseconds, times.split(" --> "))
        assert last <= start < end
        last = end
        assert len(lines) <= 2
        assert all(len(line) <= 42 or " " not in line for line in lines)
        found += " ".join(lines).split()
    assert found == [word.text for word in words]
