"""A model as it is used, rather than trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch


class HasModes(Protocol):
    """A module, which is in training or not."""

    training: bool

    def train(self, mode: bool = True) -> Any:
        """Puts it into training, or out of it."""


@contextmanager
def evaluating(*modules: HasModes) -> Iterator[None]:
    """Without dropout and without gradients; at the end every module is as it was, also after an error.

    Args:
        modules: One or more models.
    """
    were_training = [module.training for module in modules]
    for module in modules:
        module.train(False)
    try:
        # Not inference mode: it cannot be left again within, and the marginals of a CRF are gradients.
        with torch.no_grad():
            yield
    finally:
        for module, was_training in zip(modules, were_training, strict=True):
            module.train(was_training)
