"""Transcripts in the forms in which they are wanted: text, JSON with times, and the subtitles SRT and VTT."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rnnbench.decode.ctc import Segment

# Subtitles as broadcasters have them: lines that an eye takes in at once, on the screen for long enough to be read.
_LINE_LENGTH = 42
_LINES = 2
_LONGEST_SECONDS = 7.0
_SHORTEST_SECONDS = 1.0
_PAUSE_SECONDS = 1.0


class Word(NamedTuple):
    """A word that was recognised.

    Args:
        text: Its letters.
        start: Where it begins, in seconds.
        end: Where it ends, in seconds.
        confidence: Mean posterior probability of its tokens over their frames, in the alignment of the whole text.
    """

    text: str
    start: float
    end: float
    confidence: float


def words_of(segments: Iterable[Segment], labels: Sequence[str], seconds_per_frame: float) -> list[Word]:
    """The words of an alignment. Where no label is a space, every token is a word.

    Args:
        segments: The tokens with their frames.
        labels: The text of every token.
        seconds_per_frame: Time from one frame to the next.
    """
    parts: list[list[Segment]] = [[]]
    for segment in segments:
        if labels[segment.token] == " ":
            parts.append([])
        elif " " in labels:
            parts[-1].append(segment)
        else:
            parts.append([segment])
    return [_word(part, labels, seconds_per_frame) for part in parts if part]


def _word(segments: Sequence[Segment], labels: Sequence[str], seconds_per_frame: float) -> Word:
    frames = [segment.end_frame - segment.start_frame for segment in segments]
    confidence = sum(segment.score * count for segment, count in zip(segments, frames, strict=True)) / sum(frames)
    return Word(
        text="".join(labels[segment.token] for segment in segments),
        start=segments[0].start_frame * seconds_per_frame,
        end=segments[-1].end_frame * seconds_per_frame,
        confidence=confidence,
    )


def as_text(words: Sequence[Word]) -> str:
    """The words in one line."""
    return " ".join(word.text for word in words) + "\n"


def as_json(words: Sequence[Word], recording: str) -> str:
    """One line: an object with the recording's name, the text and the words with times in seconds.

    Args:
        words: The words.
        recording: Name of the recording.
    """
    listed = [
        {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
        | {"confidence": round(word.confidence, 4)}
        for word in words
    ]
    entry = {"recording": recording, "text": as_text(words).strip(), "words": listed}
    return json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"


def as_srt(words: Sequence[Word]) -> str:
    """Subtitles in the form of SubRip, which has no way to escape: an arrow in the text is drawn apart."""
    cues = enumerate(_cues(words), start=1)
    return "".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text.replace('-->', '-- >')}\n\n"
        for number, cue in cues
    )


def as_vtt(words: Sequence[Word]) -> str:
    """Subtitles as WebVTT (https://www.w3.org/TR/webvtt1/)."""
    cues = "".join(
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n\n" for cue in _cues(words)
    )
    return "WEBVTT\n\n" + cues


class _Cue(NamedTuple):
    """What is on the screen at once.

    Args:
        start: First millisecond.
        end: Last millisecond.
        text: Its lines.
    """

    start: int
    end: int
    text: str


def _cues(words: Sequence[Word]) -> Iterator[_Cue]:
    """Parts the words at pauses, and where they would be too long to be read at once."""
    groups: list[list[Word]] = []
    for word in words:
        if groups and _fits(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    for number, group in enumerate(groups):
        end = max(group[-1].end, group[0].start + _SHORTEST_SECONDS)
        if number + 1 < len(groups):
            end = min(end, groups[number + 1][0].start)
        yield _Cue(round(group[0].start * 1000), round(end * 1000), "\n".join(_lines(group)))


def _fits(group: Sequence[Word], word: Word) -> bool:
    """Whether a word can be on the screen with those before it."""
    near = word.start - group[-1].end < _PAUSE_SECONDS and word.end - group[0].start <= _LONGEST_SECONDS
    return near and len(_lines([*group, word])) <= _LINES


def _lines(words: Sequence[Word]) -> list[str]:
    """Words in lines; one that is longer than a line has it for itself."""
    text = " ".join(word.text for word in words)
    return textwrap.wrap(text, _LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


def _time(milliseconds: int, point: str) -> str:
    """Hours, minutes, seconds and milliseconds."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


def _escaped(text: str) -> str:
    """Text of a WebVTT cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
