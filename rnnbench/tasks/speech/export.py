"""A recogniser as a graph: features to the log-probabilities that CTC reads."""

from __future__ import annotations

from dataclasses import asdict

import torch

from rnnbench.tasks.base.graph import Graph, lengths_up_to
from rnnbench.tasks.speech.model import Recognizer


def graph(model: Recognizer) -> Graph:
    """Features ``(B, T, F)`` and frames ``(B,)`` int64 -> log-probabilities ``(B, S, V)`` and steps ``(B,)`` int64.

    Features are normalised; the statistics of the training split stand beside, where it is by these.

    Args:
        model: A trained model.
    """
    size = model.features.size
    known = None if model.normalizer is None else [values.tolist() for values in model.normalizer]
    return Graph(
        module=model,
        inputs={"features": ("batch", "time", size), "lengths": ("batch",)},
        outputs=("log_probabilities", "steps"),
        example=lambda batch, steps: (torch.randn(batch, steps, size), lengths_up_to(batch, steps)),
        beside={
            "application": model.application,
            "alphabet": model.alphabet.tokens,
            "unit": model.alphabet.unit,
            "features": asdict(model.features),
            "statistics": known,
            "seconds_per_step": model.seconds_per_step(),
        },
    )
