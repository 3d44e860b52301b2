"""Recordings of any length to words with their times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.data.audio.features import Frames
from rnnbench.data.audio.recording import Recording, Samples, read_blocks
from rnnbench.decode.ctc import align
from rnnbench.tasks.speech.batch import normalize
from rnnbench.tasks.speech.decoder import Decode
from rnnbench.tasks.speech.model import Recognizer
from rnnbench.tasks.speech.streaming import PosteriorStream, why_not_streaming
from rnnbench.tasks.speech.transcript import Word, words_of

# So many frames are recognised together.
_FRAMES_AT_ONCE = 20000
# Where a long recording is cut: at the quietest place of this length, within the last third.
_QUIET_SECONDS = 0.1


class Piece(NamedTuple):
    """A part of a recording, short enough to be recognised as a whole."""

    recording: int
    """Number of its recording."""
    start: float
    """Where it begins, in seconds."""
    frames: Frames
    """Normalised features ``(T, F)``."""


def recognize(
    model: Recognizer, recordings: Sequence[Recording], decode: Decode, longest_seconds: float = 30.0
) -> Iterator[list[Word]]:
    """The words of each recording, in order; memory hardly grows with the length of a recording.

    A model that reads forwards only goes through a recording as a whole. For others a recording over
    ``longest_seconds`` is cut where it is quiet. What a recording gives does not depend on the others.

    Args:
        model: A trained model.
        recordings: The recordings.
        decode: Finds the text.
        longest_seconds: Longest piece of a recording that is recognised as a whole.
    """
    if why_not_streaming(model) is None:
        for recording in recordings:
            yield _stream(model, recording, decode)
        return
    words: list[list[Word]] = [[] for _ in recordings]
    done = 0
    for group in _groups(_pieces(model, recordings, longest_seconds)):
        posteriors = model.posteriors([piece.frames for piece in group])
        for piece, log_probs in zip(group, posteriors, strict=True):
            words[piece.recording] += _words(model, log_probs.numpy(), decode, piece.start)
        # The last one may go on in the next group.
        yield from words[done : group[-1].recording]
        done = group[-1].recording
    yield from words[done:]


def _stream(model: Recognizer, recording: Recording, decode: Decode) -> list[Word]:
    stream = PosteriorStream(model)
    parts = [stream.accept(block) for block in read_blocks(recording, model.features.sample_rate)]
    return _words(model, np.concatenate([*parts, stream.finish()]), decode, 0.0)


def _groups(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are recognised together."""
    group: list[Piece] = []
    for piece in pieces:
        group.append(piece)
        if sum(len(one.frames) for one in group) >= _FRAMES_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _pieces(model: Recognizer, recordings: Sequence[Recording], longest_seconds: float) -> Iterator[Piece]:
    features = model.features
    for number, recording in enumerate(recordings):
        start = 0
        for samples in cut_at_quiet(
            read_blocks(recording, features.sample_rate), longest_seconds, features.sample_rate
        ):
            frames = normalize(features, features.compute(samples), model.normalizer)
            yield Piece(number, start / features.sample_rate, frames)
            start += len(samples)


def cut_at_quiet(blocks: Iterator[Samples], longest_seconds: float, sample_rate: int) -> Iterator[Samples]:
    """Pieces of a recording of at most so many seconds; a shorter recording is one piece.

    Args:
        blocks: The recording.
        longest_seconds: Longest piece.
        sample_rate: Samples a second.
    """
    longest = max(int(longest_seconds * sample_rate), 2)
    waiting = np.zeros(0, dtype=np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) > longest:
            end = _quietest(waiting[:longest], sample_rate)
            yield waiting[:end]
            waiting = waiting[end:]
    yield waiting


def _quietest(samples: Samples, sample_rate: int) -> int:
    """Middle of the quietest place in the last third."""
    first = 2 * len(samples) // 3
    size = max(int(_QUIET_SECONDS * sample_rate), 1)
    energy = np.concatenate([[0.0], np.cumsum(samples[first:].astype(np.float64) ** 2)])
    if len(energy) <= size:
        return len(samples)
    return first + int((energy[size:] - energy[:-size]).argmin()) + size // 2


def _words(model: Recognizer, log_probs: NDArray[np.float32], decode: Decode, start: float) -> list[Word]:
    """The words of a piece that begins at this second."""
    if not len(log_probs):
        return []
    segments = align(log_probs, decode(log_probs), model.alphabet.blank)
    words = words_of(segments, model.alphabet.tokens, model.seconds_per_step())
    return [word._replace(start=word.start + start, end=word.end + start) for word in words]
