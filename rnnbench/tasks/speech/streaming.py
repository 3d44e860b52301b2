"""Recognition while the sound comes in, by models that read forwards only."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from rnnbench.data.audio.features import FeatureStream, Frames
from rnnbench.data.audio.recording import Samples
from rnnbench.errors import UserError
from rnnbench.nn.subsample import FrameStacking
from rnnbench.tasks.speech.batch import normalize
from rnnbench.tasks.speech.model import Recognizer


def why_not_streaming(model: Recognizer) -> str | None:
    """What keeps a model from recognising before a recording has ended; None if nothing does.

    Args:
        model: A trained model.
    """
    if not model.backbone.causal:
        return "its backbone reads from both ends"
    if not isinstance(model.subsampling, FrameStacking):
        return "its convolutions read frames to come"
    if model.features.deltas:
        return "the derivatives of its features are taken over frames to come"
    if model.features.normalize not in ("global", "none"):
        return f"its features are normalised over the {model.features.normalize}"
    return None


class PosteriorStream:
    """Log-probabilities of a recording that comes block by block; the blocks do not change them.

    Args:
        model: A trained model that can stream.

    Raises:
        UserError: The model cannot.
    """

    def __init__(self, model: Recognizer) -> None:
        reason = why_not_streaming(model)
        if reason is not None:
            raise UserError(f"the model cannot stream: {reason}", hint="train with the preset speech/streaming")
        assert isinstance(model.subsampling, FrameStacking)
        self._model = model.eval()
        self._factor = model.subsampling.factor
        self._features = FeatureStream(model.features)
        self._waiting = np.zeros((0, model.features.size), dtype=np.float32)
        self._state = model.backbone.initial_state(1, model.output.weight)

    def accept(self, samples: Samples) -> NDArray[np.float32]:
        """Takes the next samples ``(N,)``, and gives the log-probabilities ``(S, V)`` of all steps they complete."""
        self._waiting = np.concatenate([self._waiting, self._features.accept(samples)])
        whole = len(self._waiting) // self._factor * self._factor
        ready, self._waiting = self._waiting[:whole], self._waiting[whole:]
        return self._run(ready)

    def finish(self) -> NDArray[np.float32]:
        """The log-probabilities of the steps that come with the end."""
        ready = np.concatenate([self._waiting, self._features.finish()])
        return self._run(ready)

    def _run(self, frames: Frames) -> NDArray[np.float32]:
        model = self._model
        if not len(frames):
            return np.zeros((0, len(model.alphabet)), dtype=np.float32)
        x = torch.from_numpy(normalize(model.features, frames, model.normalizer))[None]
        with torch.inference_mode():
            steps, lengths = model.subsampling(x.to(model.output.weight), torch.tensor([len(frames)]))
            hidden, self._state = model.backbone(steps, lengths, self._state)
            log_probs = model.log_probs(hidden)
        return log_probs[0].cpu().numpy()
