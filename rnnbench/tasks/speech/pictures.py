"""A picture of what a recogniser hears: the features, and over the same time what it takes them for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rnnbench.data.audio.features import Features, Frames
from rnnbench.data.audio.recording import Recording, read_blocks
from rnnbench.decode.ctc import align, best_path
from rnnbench.errors import UserError
from rnnbench.tasks.base.pictures import new_figure, save_figure
from rnnbench.tasks.speech.alphabet import Alphabet
from rnnbench.tasks.speech.batch import Normalizer, Utterances, normalize
from rnnbench.tasks.speech.decoder import Decode

_MOST_SECONDS = 30.0
_MOST_TOKENS = 14


class Listening(Protocol):
    """What is asked of a model whose hearing is drawn."""

    alphabet: Alphabet
    features: Features
    normalizer: Normalizer | None

    def posteriors(self, recordings: Sequence[Frames]) -> list[Tensor]:
        """Log-probabilities ``(S, V)`` of each recording, given as its normalised features ``(T, F)``."""

    def seconds_per_step(self) -> float:
        """Time from one step to the next."""


def draw_utterance(model: Listening, read: Utterances, number: int, path: Path) -> None:
    """Draws one recording of a split into a file.

    Args:
        model: A trained model.
        read: The split.
        number: Number of the recording in it.
        path: The PNG file.
    """
    [log_probs] = model.posteriors([read.frames(number)])
    one = read.utterances[number]
    probabilities = log_probs.double().numpy()
    found = best_path(probabilities)
    figure = draw(
        read.raw_frames(number),
        probabilities,
        model.alphabet.tokens,
        found,
        f"said: {one.text}\nrecognised: {model.alphabet.decode(found)}",
        (model.features.shift_ms / 1000, model.seconds_per_step()),
    )
    save_figure(figure, path, 110)


def draw_recording(model: Listening, recording: Recording, decode: Decode, path: Path) -> None:
    """Draws the first 30 seconds of a recording that nobody has transcribed.

    Args:
        model: A trained model.
        recording: The recording.
        decode: Finds the text.
        path: The file; its extension says in which format, such as ``.png``.

    Raises:
        UserError: The file cannot be written, or the recording is too short for a step.
    """
    samples = next(read_blocks(recording, model.features.sample_rate))
    frames = model.features.compute(samples[: int(_MOST_SECONDS * model.features.sample_rate)])
    [log_probs] = model.posteriors([normalize(model.features, frames, model.normalizer)])
    if not len(log_probs):
        raise UserError("is too short to be drawn", where=recording.name)
    found = decode(log_probs.numpy())
    figure = draw(
        frames,
        log_probs.double().numpy(),
        model.alphabet.tokens,
        found,
        f"recognised: {model.alphabet.decode(found)}",
        (model.features.shift_ms / 1000, model.seconds_per_step()),
    )
    save_figure(figure, path, 110)


def draw(
    frames: Frames,
    log_probs: NDArray[np.float64],
    tokens: Sequence[str],
    text: Sequence[int],
    title: str,
    seconds: tuple[float, float],
) -> Any:
    """Spectrogram, probabilities of the tokens at each step, and where each token of a text stands.

    Args:
        frames: Features ``(T, F)``, not normalised.
        log_probs: ``(S, V)``; 0 is the blank.
        tokens: What the numbers of tokens stand for.
        text: Tokens that are aligned.
        title: What stands above.
        seconds: Time from one frame to the next, and from one step to the next.

    Returns:
        A figure of matplotlib.
    """
    per_frame, per_step = seconds
    segments = align(log_probs, text)
    frames, log_probs = frames[: int(_MOST_SECONDS / per_frame)], log_probs[: int(_MOST_SECONDS / per_step)]
    length = len(frames) * per_frame
    figure = new_figure(min(max(8.0, 3.2 * length), 24.0), 6.0)
    above, below = figure.subplots(2, 1, sharex=True)
    above.imshow(frames.T, origin="lower", aspect="auto", extent=(0, length, 0, frames.shape[1]), cmap="magma")
    above.set_ylabel("feature")
    above.set_title(title, loc="left", fontsize=9, wrap=True)
    for segment in segments:
        start, end = segment.start_frame * per_step, segment.end_frame * per_step
        if start < length:
            above.axvspan(start, min(end, length), ymax=0.09, color="white", alpha=0.85, linewidth=0)
            middle, label = (start + end) / 2, tokens[segment.token]
            above.text(middle, 0.015, label, transform=above.get_xaxis_transform(), ha="center", fontsize=8)
    times = (np.arange(len(log_probs)) + 0.5) * per_step
    probabilities = np.exp(log_probs)
    below.plot(times, probabilities[:, 0], color="0.75", linewidth=1, label="blank")
    often = [int(token) for token in np.argsort(-probabilities[:, 1:].max(0), kind="stable")[:_MOST_TOKENS] + 1]
    for place, token in enumerate(often):
        line = {"color": f"C{place % 10}", "linestyle": "-" if place < 10 else "--", "linewidth": 1.2}
        below.plot(times, probabilities[:, token], label=repr(tokens[token]), **line)
    below.set_ylim(0, 1.18)
    below.set_xlim(0, length)
    below.set_xlabel("seconds")
    below.set_ylabel("probability")
    below.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    return figure
