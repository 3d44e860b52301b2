"""A probe of a network that has learned nothing, which a trained one has to beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from rnnbench.backbone import Backbone
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.ranges import AT_LEAST_1
from rnnbench.tasks.probe.model import StateProbe
from rnnbench.tasks.probe.states import Pooling
from rnnbench.tasks.text_generation.models.recurrent import LanguageModel


class UntrainedProbe(StateProbe):
    """Reads the states of a network over bytes as it was drawn: a random recurrent network knows something of a text.

    Args:
        backbone: Makes the recurrent stack from its input size.
        embedding_size: Width of a byte's vector.
        pooling: What of a text is read: the state after its last byte, or the mean of those after all bytes.
        draws: Draws of 10, 30, 100, ... labels, for the accuracy against the number of labels.
    """

    baseline = True

    def __init__(
        self,
        backbone: Callable[[int], Backbone] = Backbone,
        embedding_size: Annotated[int, AT_LEAST_1] = 64,
        pooling: Pooling = "last",
        draws: Annotated[int, AT_LEAST_1] = 5,
    ) -> None:
        super().__init__(pooling, draws)
        self.save_hyperparameters()
        self.make_backbone = backbone
        self.embedding_size = embedding_size

    def make_network(self) -> LanguageModel:
        """A language model that nobody has trained."""
        make = self.make_backbone
        # A function: the options of a model are copied, and a factory made from a configuration cannot be.
        network = LanguageModel(lambda size: make(size), self.embedding_size)
        network.use_spec(Tokenizer.train("byte", []).state())
        return network

    def model_name(self) -> str:
        """The network's, and that it has learned nothing."""
        return f"probe of {self.network.model_name()}, untrained{', mean state' if self.pooling == 'mean' else ''}"
