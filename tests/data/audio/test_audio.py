"""Recordings of any kind, and of no kind."""

import io
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from rnnbench.data.audio.recording import Recording, num_samples, read_audio, read_blocks, recording_of
from rnnbench.errors import UserError

RATE = 16000


def tone(seconds=0.5, rate=RATE, hertz=440):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def file_of(samples, rate=RATE, **options) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, **{"format": "WAV", **options})
    return file.getvalue()


def recording(content: bytes, **part) -> Recording:
    return Recording(content, "here.wav", **part)


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ({"subtype": "PCM_16"}, 1e-4),
        ({"subtype": "PCM_U8"}, 1e-2),
        ({"subtype": "PCM_24"}, 1e-6),
        ({"subtype": "PCM_32"}, 1e-6),
        ({"subtype": "FLOAT"}, 0),
        ({"format": "FLAC"}, 1e-4),
        ({"format": "OGG", "subtype": "VORBIS"}, 0.1),
        ({"format": "NIST", "subtype": "PCM_16"}, 1e-4),
    ],
)
def test_kinds_of_files(options, tolerance):
    found = read_audio(recording(file_of(tone(), **options)), RATE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, tone(), atol=tolerance)


def test_channels_become_their_mean():
    left, right = tone(hertz=300), tone(hertz=500)
    found = read_audio(recording(file_of(np.stack([left, right], 1), subtype="FLOAT")), RATE)
    np.testing.assert_allclose(found, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 96000])
def test_any_rate(rate):
    one = recording(file_of(tone(rate=rate), rate, subtype="FLOAT"))
    found = read_audio(one, RATE)
    assert abs(len(found) - num_samples(one, RATE)) <= 1
    np.testing.assert_allclose(found[1000:-1000], tone()[1000 : len(found) - 1000], atol=1e-3)


def test_a_part_of_a_file():
    content = file_of(tone(1.0), subtype="FLOAT")
    found = read_audio(recording(content, start=0.25, seconds=0.5), RATE)
    assert np.array_equal(found, tone(1.0)[4000:12000])
    with pytest.raises(UserError, match=r"ends after 4,000 of 8,000"):
        read_audio(recording(content, start=0.75, seconds=0.5), RATE)


def test_blocks_are_the_whole():
    samples = np.random.RandomState(0).uniform(-1, 1, 70 * 1000).astype(np.float32)
    one = recording(file_of(samples, 1000, subtype="FLOAT"))
    blocks = list(read_blocks(one, 1000))
    assert len(blocks) == 3
    assert np.array_equal(np.concatenate(blocks), samples)
    resampled = np.concatenate(list(read_blocks(one, 1500)))
    assert abs(len(resampled) - 105_000) <= 1


def test_an_hour_is_read_in_bounded_memory(tmp_path):
    with soundfile.SoundFile(tmp_path / "hour.wav", "w", 8000, 2, "PCM_U8") as file:
        for _ in range(60):
            file.write(np.zeros((60 * 8000, 2), dtype=np.int16))
    one = recording_of(str(tmp_path / "hour.wav"), "")
    tracemalloc.start()
    assert sum(len(block) for block in read_blocks(one, 16000)) == 3600 * 16000
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


WAV = file_of(tone())
FLAC = file_of(np.random.RandomState(0).uniform(-1, 1, 9000), format="FLAC")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"not a sound", "no audio that can be read"),
        (WAV[:20], "no audio that can be read"),
        (WAV[: len(WAV) // 2], "the file is cut off: 7,978 of 16,000 bytes"),
        (FLAC[: len(FLAC) // 2], "broken after 0 of 9,000 samples"),
        (file_of(tone()[:0]), "there is no sample in it"),
        (file_of(np.array([0.1, np.nan]), subtype="FLOAT"), "no numbers"),
    ],
    # Not the contents: such a file holds the time at which it was written.
    ids=["empty", "text", "header", "half a wav", "half a flac", "no sample", "no numbers"],
)
def test_bad_files_are_named(content, says, tmp_path):
    with pytest.raises(UserError, match=says) as caught:
        read_audio(recording(content), RATE)
    assert caught.value.where == "here.wav"
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(UserError, match=says) as caught:
        read_audio(recording_of({"path": "bad.wav"}, "there"), RATE)
    assert caught.value.where == "bad.wav"


def test_a_header_written_before_the_end_was_known_is_no_truncation():
    start = WAV.index(b"data") + 4
    streamed = WAV[:start] + struct.pack("<I", 0xFFFFFFFF) + WAV[start + 4 :]
    assert len(read_audio(recording(streamed), RATE)) == 8000


def test_what_a_row_may_hold():
    assert recording_of({"bytes": b"abc", "path": "x.wav"}, "row 1") == Recording(b"abc", "row 1, x.wav")
    assert recording_of({"bytes": None, "path": "x.wav"}, "row 1").name == "x.wav"
    assert recording_of({"path": "x.wav", "start": 1.5, "seconds": 2.0}, "").seconds == 2.0
    for value in (None, 3, {"bytes": b""}, []):
        with pytest.raises(UserError, match="no recording"):
            recording_of(value, "row 1")
    with pytest.raises(UserError, match="no such file"):
        read_audio(recording_of("missing.wav", ""), RATE)
