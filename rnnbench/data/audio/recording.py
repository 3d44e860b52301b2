"""Recordings of any kind, as one channel at one sample rate.

Whatever libsndfile reads can be read (wav, flac, ogg with Vorbis or Opus, mp3, NIST sphere), with any number of bits,
channels and samples a second. Files are read block by block, so that an hour of many channels needs no more memory than
its mono samples.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError
from rnnbench.reading import check_file, reading

Samples = NDArray[np.float32]
"""Samples ``(N,)`` in -1..1."""

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".sph", ".aiff", ".au")
"""Extensions by which recordings are found in a folder."""

_BLOCK_SECONDS = 30
# By how many seconds headers and manifests may promise too much: mp3 files and rounded times do.
_TOLERANCE = 0.1
# What a header says that was written before anybody knew the length.
_UNKNOWN_SIZES = {0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFF000, 0xFFFFF000}
_CUT_OFF = re.compile(r"data\s*:\s*(\d+) \(should be (\d+)\)")


class Recording(NamedTuple):
    """A recording, or a part of one."""

    file: Path | bytes
    """Its file, or the content of it."""
    name: str
    """What errors call it."""
    start: float = 0.0
    """Where the part begins, in seconds."""
    seconds: float | None = None
    """How long it is; None goes on to the end."""


def recording_of(value: Any, where: str) -> Recording:
    """The recording that a field of a row stands for.

    Args:
        value: Path of a file; or ``{"bytes": ..., "path": ...}`` as the hub and its Parquet files have it, and
            ``{"path": ..., "start": ..., "seconds": ...}`` for a part of a file.
        where: Where the row stands, for errors.

    Raises:
        UserError: It is none of these.
    """
    fields = {"path": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not (fields.get("bytes") or fields.get("path")):
        raise UserError(
            f"no recording but {type(value).__name__}", where=where, hint="a path, or the bytes of an audio file"
        )
    if fields.get("bytes"):
        name = fields.get("path")
        return Recording(fields["bytes"], f"{where}, {name}" if name else where)
    path = Path(fields["path"])
    return Recording(path, str(path), fields.get("start") or 0.0, fields.get("seconds"))


def num_samples(recording: Recording, sample_rate: int) -> int:
    """How many samples a recording has at a sample rate, by its header.

    Args:
        recording: The recording.
        sample_rate: Samples a second to count in.

    Raises:
        UserError: It cannot be read, holds nothing, or was cut off; names it.
    """
    with _open(recording) as file:
        _, size = _part(recording, file)
        return size * sample_rate // file.samplerate


def read_audio(recording: Recording, sample_rate: int) -> Samples:
    """All samples of a recording: the mean of its channels at this sample rate.

    Args:
        recording: The recording.
        sample_rate: Samples a second.

    Raises:
        UserError: It cannot be read, holds nothing, or was cut off; names it.
    """
    return np.concatenate(list(read_blocks(recording, sample_rate)))


def sample_rate_of(recording: Recording) -> int:
    """Samples a second of the file, whatever it is read at.

    Args:
        recording: The recording.

    Raises:
        UserError: It cannot be read, or was cut off; names it.
    """
    with _open(recording) as file:
        return int(file.samplerate)


def read_blocks(recording: Recording, sample_rate: int) -> Iterator[Samples]:
    """The samples of `read_audio` in blocks of half a minute.

    Args:
        recording: The recording.
        sample_rate: Samples a second.
    """
    import soundfile
    import soxr

    with _open(recording) as file:
        start, size = _part(recording, file)
        resampler = None
        if file.samplerate != sample_rate:
            resampler = soxr.ResampleStream(file.samplerate, sample_rate, 1, dtype="float32")
        left = size
        with reading(recording.name, "broken"):
            file.seek(start)
            while left:
                try:
                    block = file.read(min(left, _BLOCK_SECONDS * file.samplerate), dtype="float32", always_2d=True)
                except soundfile.LibsndfileError as error:
                    raise UserError(
                        f"broken after {size - left:,} of {size:,} samples: {error}", where=recording.name
                    ) from None
                if not len(block) and left > _TOLERANCE * file.samplerate:
                    raise _cut_off(recording, size - left, size)
                left -= len(block) or left
                mono = block.mean(1, dtype=np.float32)
                if not np.isfinite(mono).all():
                    raise UserError("there are samples in it that are no numbers", where=recording.name)
                made = mono if resampler is None else resampler.resample_chunk(mono, last=not left)
                yield made


def _open(recording: Recording) -> Any:
    """The file as soundfile has it."""
    import soundfile

    content = recording.file
    if isinstance(content, Path):
        check_file(content)
    if not (len(content) if isinstance(content, bytes) else content.stat().st_size):
        raise UserError("the file is empty", where=recording.name)
    with reading(recording.name, "no audio that can be read", "wav, flac, ogg, opus and mp3 can be read"):
        try:
            file = soundfile.SoundFile(io.BytesIO(content) if isinstance(content, bytes) else str(content))
        except soundfile.LibsndfileError as error:
            raise ValueError(error.error_string) from None
    # Of a wav file that was cut off, libsndfile silently reads what is left.
    said = _CUT_OFF.search(file.extra_info)
    if said and int(said[2]) < int(said[1]) and int(said[1]) not in _UNKNOWN_SIZES:
        file.close()
        raise UserError(f"the file is cut off: {int(said[2]):,} of {int(said[1]):,} bytes", where=recording.name)
    return file


def _part(recording: Recording, file: Any) -> tuple[int, int]:
    """First sample and number of samples, at the file's own rate."""
    start = round(recording.start * file.samplerate)
    size = file.frames - start
    if recording.seconds is not None:
        wanted = round(recording.seconds * file.samplerate)
        if wanted > size + _TOLERANCE * file.samplerate:
            raise _cut_off(recording, max(size, 0), wanted)
        size = min(wanted, size)
    if size < 1:
        raise UserError("there is no sample in it", where=recording.name)
    return start, size


def _cut_off(recording: Recording, found: int, wanted: int) -> UserError:
    return UserError(f"the recording ends after {found:,} of {wanted:,} samples", where=recording.name)
