"""Transcripts of recordings by a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rnnbench.data.audio.recording import AUDIO_SUFFIXES, Recording, Samples, read_blocks, sample_rate_of
from rnnbench.data.readable import readable
from rnnbench.decode.ctc import BestPath
from rnnbench.errors import UserError
from rnnbench.tasks.base.pictures import new_picture
from rnnbench.tasks.speech.decoder import Decoder
from rnnbench.tasks.speech.model import Recognizer
from rnnbench.tasks.speech.pictures import draw_recording
from rnnbench.tasks.speech.recognition import recognize
from rnnbench.tasks.speech.streaming import PosteriorStream
from rnnbench.tasks.speech.transcript import as_json, as_srt, as_text, as_vtt

_CONTAINERS = (b"RIFF", b"fLaC", b"OggS", b"FORM", b"NIST", b"ID3")
_STDIN = "stdin"
_LIVE_SECONDS = 0.25


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    group = parser.add_argument_group("speech: INPUT is a recording, a folder of them, or - for stdin")
    group.add_argument(
        "--format",
        choices=("text", "json", "srt", "vtt"),
        default="text",
        help="text; JSON with the time of each word, a line for each recording; or subtitles (default: text)",
    )
    group.add_argument("--beam-size", type=int, default=1, help="prefixes that a search keeps (default: 1, best path)")
    group.add_argument("--lm", metavar="FILE", help="language model: an ARPA file, or a run of text generation")
    group.add_argument("--lm-weight", type=float, default=0.5, help="weight of the language model (default: 0.5)")
    group.add_argument("--bonus", type=float, default=0.0, help="added for every token, or word of a model over words")
    group.add_argument("--unknown", type=float, help="log-probability of a word that the language model lacks")
    group.add_argument("--longest", type=float, default=30.0, help="cut what is longer, in seconds (default: 30)")
    group.add_argument("--raw-rate", type=int, help="samples a second of raw sound on stdin (default: the model's)")
    group.add_argument(
        "--plot",
        type=new_picture,
        metavar="FILE",
        help="draw what was heard of the first recording: its first 30 seconds",
    )
    group.add_argument(
        "--live", action="store_true", help="write text while the sound comes in; models that can stream"
    )


def read_inputs(names: Sequence[str], arguments: argparse.Namespace) -> list[Recording | str]:
    """The recordings that the inputs name.

    Args:
        names: Files, folders, which stand for all recordings in them, or ``-`` for stdin.
        arguments: The parsed options.

    Returns:
        The recordings in order; of raw sound on stdin, ``-``, which is read later.

    Raises:
        UserError: A file is not there, a folder holds no recording, or there is no input.
    """
    found: list[Recording | str] = []
    for name in names:
        path = Path(name).expanduser()
        if name == "-":
            found.append(name)
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES)
            if not files:
                raise UserError(f"there is no recording in it ({', '.join(AUDIO_SUFFIXES)})", where=path)
            found += [Recording(file, str(file)) for file in files]
        elif path.is_file():
            found.append(Recording(path, str(path)))
        else:
            raise UserError("there is no such file or folder", where=name)
    if not found:
        raise UserError(
            "there is no recording", where="rnnbench predict", hint="name files or a folder, or - for sound on stdin"
        )
    return found


def predict(model: Recognizer, inputs: Sequence[Recording | str], arguments: argparse.Namespace) -> Iterator[str]:
    """Recognises each recording.

    Args:
        model: A trained model.
        inputs: What `read_inputs` found.
        arguments: The parsed options.

    Yields:
        The text of one recording, or of several a line each with the name before a tab; or the other formats.
    """
    if arguments.longest < 1:
        raise UserError(f"must be at least 1 second, found {arguments.longest}", where="--longest")
    if arguments.live:
        yield from _live(model, inputs, arguments)
        return
    if arguments.format in ("srt", "vtt") and len(inputs) > 1:
        raise UserError("subtitles are those of one recording", where=f"--format {arguments.format}")
    options = (arguments.beam_size, arguments.lm, arguments.lm_weight, arguments.bonus, arguments.unknown)
    decoder = Decoder(*options)
    decoder.check()
    decode = decoder.make(model.alphabet)
    rate = arguments.raw_rate or model.features.sample_rate
    recordings = [_from_stdin(rate) if isinstance(one, str) else one for one in inputs]
    # A recording goes through the model block by block, so that it is looked at as a whole before.
    recordings, _ = readable(recordings, _look, alone=len(inputs) == 1)
    if arguments.plot and recordings:
        draw_recording(model, recordings[0], decode, arguments.plot)
    found = recognize(model, recordings, decode, arguments.longest)
    for recording, words in zip(recordings, found, strict=True):
        if arguments.format == "json":
            yield as_json(words, recording.name)
        elif arguments.format == "srt":
            yield as_srt(words)
        elif arguments.format == "vtt":
            yield as_vtt(words)
        else:
            yield (f"{recording.name}\t" if len(inputs) > 1 else "") + as_text(words)


def warnings(model: Recognizer, inputs: Sequence[Recording | str], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: that sound lacks what the model hears, or has no header."""
    rate = model.features.sample_rate
    found = []
    for one in inputs:
        with contextlib.suppress(UserError):  # told once it is read
            if isinstance(one, Recording) and (its := sample_rate_of(one)) < rate:
                found.append(f"{one.name}: {its:,} samples a second, and the model was trained on {rate:,}: it may err")
    if "-" not in inputs or arguments.raw_rate:
        return found
    return [
        *found,
        f"{_STDIN}: without a header it is read as 16 bits, one channel, {rate} a second",
    ]


def _look(recording: Recording) -> None:
    for _ in read_blocks(recording, sample_rate_of(recording)):
        pass


def _live(model: Recognizer, inputs: Sequence[Recording | str], arguments: argparse.Namespace) -> Iterator[str]:
    """The text of the best path, as soon as it is clear."""
    if len(inputs) > 1 or arguments.format != "text" or arguments.beam_size > 1 or arguments.plot:
        raise UserError("live text is that of one recording by the best path", where="--live")
    [source] = inputs
    rate = model.features.sample_rate
    if isinstance(source, str) and arguments.raw_rate not in (None, rate):
        raise UserError(
            f"live sound has to come with {rate} samples a second", where=f"--raw-rate {arguments.raw_rate}"
        )
    stream, path = PosteriorStream(model), BestPath(model.alphabet.blank)
    written = ""
    text: list[int] = []
    for block in _raw_blocks(rate) if isinstance(source, str) else read_blocks(source, rate):
        text += path.feed(stream.accept(block))
        so_far = model.alphabet.decode(text)
        yield so_far.removeprefix(written)
        written = so_far
    text += path.feed(stream.finish())
    yield model.alphabet.decode(text).removeprefix(written) + "\n"


def _raw_blocks(rate: int) -> Iterator[Samples]:
    size = 2 * int(_LIVE_SECONDS * rate)
    while block := sys.stdin.buffer.read(size):
        yield _as_samples(block)


def _as_samples(raw: bytes) -> Samples:
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2").astype(np.float32) / np.float32(32768)


def _from_stdin(rate: int) -> Recording:
    """What stdin holds: an audio file, or else raw sound of 16 bits in one channel."""
    import soundfile

    content = sys.stdin.buffer.read()
    if content.startswith(_CONTAINERS):
        return Recording(content, _STDIN)
    if len(content) < 2:
        raise UserError("there is nothing in it", where=_STDIN)
    file = io.BytesIO()
    soundfile.write(file, np.frombuffer(content[: len(content) // 2 * 2], dtype="<i2"), rate, format="WAV")
    return Recording(file.getvalue(), _STDIN)
