"""Speech by the synthesiser eSpeak NG, which comes with its voices in the package espeakng-loader.

The library keeps a state that nobody can reset, and may take its process with it. So a fresh process speaks every list
of texts: the same list always gives the same samples.
"""

from __future__ import annotations

import ctypes
import json
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnbench.errors import UserError

_AUDIO_RETRIEVAL_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8 = 1


class Utterance(NamedTuple):
    """What is said, and how."""

    text: str
    """What is said."""
    voice: str
    """Accent and variant of the speaker, such as ``en-us+f2``."""
    speed: int
    """Words a minute, 80 to 450."""
    pitch: int
    """0 to 100; 50 is usual."""
    intonation: int
    """How much the pitch moves, 0 to 100; 50 is usual."""


def speak(utterances: Sequence[Utterance]) -> tuple[int, list[NDArray[np.int16]]]:
    """Speaks texts.

    Args:
        utterances: What is said, and how.

    Returns:
        Samples a second, and the samples ``(N,)`` of each utterance.

    Raises:
        UserError: The synthesiser is not there, fails, or does not know a voice.
    """
    command = [sys.executable, "-c", "from rnnbench.data.generated.espeak import speak_from_stdin; speak_from_stdin()"]
    done = subprocess.run(command, input=json.dumps(utterances).encode(), capture_output=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else f"the process ended with status {done.returncode}"
        raise UserError(f"eSpeak NG fails: {reason}", where="espeakng-loader", hint="pip install espeakng-loader")
    rate, *sizes = struct.unpack_from(f"<{len(utterances) + 1}q", done.stdout)
    samples = np.frombuffer(done.stdout, dtype="<i2", offset=8 * (len(utterances) + 1)).astype(np.int16)
    return rate, np.split(samples, np.cumsum(sizes)[:-1])


def speak_from_stdin() -> None:
    """What the fresh process does: JSON on stdin; on stdout rate and sizes as 64 bits each, then the samples."""
    utterances = [Utterance(*values) for values in json.load(sys.stdin)]
    rate, spoken = _speak(utterances)
    sizes = struct.pack(f"<{len(spoken) + 1}q", rate, *map(len, spoken))
    sys.stdout.buffer.write(sizes + b"".join(one.astype("<i2").tobytes() for one in spoken))


def _speak(utterances: Sequence[Utterance]) -> tuple[int, list[NDArray[np.int16]]]:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    folder = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_AUDIO_RETRIEVAL_SYNCHRONOUS, 0, folder, _DONT_EXIT)
    if rate < 1:
        raise SystemExit(f"it cannot be started with the voices in {folder.decode()}")
    parts: list[NDArray[np.int16]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def receive(samples: ctypes._Pointer[ctypes.c_short], size: int, events: int) -> int:
        if samples and size:
            parts.append(np.ctypeslib.as_array(samples, (size,)).copy())
        return 0

    library.espeak_SetSynthCallback(receive)
    spoken = []
    for text, voice, *values in utterances:
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"there is no voice {voice}")
        for parameter, value in zip((_RATE, _PITCH, _RANGE), values, strict=True):
            library.espeak_SetParameter(parameter, value, 0)
        parts.clear()
        line = text.encode() + b"\0"
        if library.espeak_Synth(line, ctypes.c_size_t(len(line)), 0, 0, 0, _UTF8, None, None) != 0:
            raise SystemExit(f"it does not speak {text!r}")
        spoken.append(np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16))
    return rate, spoken
