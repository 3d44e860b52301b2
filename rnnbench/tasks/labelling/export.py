"""A tagger as a graph: ids to scores of the tags, from which a CRF finds the best by Viterbi's algorithm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.data.batches.batch import TaggingBatch
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Axes, Graph
from rnnbench.tasks.labelling.model import TaggingModel
from rnnbench.tasks.labelling.models.recurrent import Tagger


class _Scores(nn.Module):
    def __init__(self, model: Tagger, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        given: dict[str, Any] = dict(zip(self.names, inputs, strict=True))
        x = given.pop("ids")
        nothing = torch.zeros_like(x)
        batch = TaggingBatch(x=x, y=nothing, novel=nothing, ids=nothing[:, 0], tokens=0, **given)
        return (self.model(batch),)


def graph(model: TaggingModel) -> Graph:
    """Ids ``(B, T)`` and lengths ``(B,)``, and of models that read them pairs and characters -> scores ``(B, T, K)``.

    The inputs are int64 and those of `TaggingBatch`, where ``x`` is called ``ids``.

    Args:
        model: A trained model.

    Raises:
        UserError: It is a baseline that counts.
    """
    if not isinstance(model, Tagger):
        raise UserError("this model counts and has no graph", where="--run", hint="name a run of a recurrent model")
    encoder = model.encoder
    inputs: dict[str, Axes] = {"ids": ("batch", "time"), "lengths": ("batch",)}
    if model.bigrams is not None:
        inputs["bigrams"] = ("batch", "pairs")
    if model.characters is not None:
        inputs |= {"spelled": ("batch", "time"), "characters": ("words", "letters"), "character_lengths": ("words",)}

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        # Words of the vocabulary, whose characters and pairs follow.
        lengths = [*torch.randint(1, steps + 1, (batch,)).tolist()[1:], steps]
        words = encoder.tokens.tokens
        sentences = [[words[i] for i in torch.randint(len(words), (length,)).tolist()] for length in lengths]
        made = encoder.batch(sentences)._asdict()
        return tuple(made["x" if name == "ids" else name] for name in inputs)

    beside: dict[str, Any] = {"application": model.application, "tokenizer": encoder.state(), "labels": model.tags}
    if model.crf is not None:
        names = ("transitions", "starts", "ends")
        beside["crf"] = {name: value.tolist() for name, value in zip(names, model.crf.scores(), strict=True)}
    return Graph(_Scores(model, list(inputs)), inputs, ("scores",), example, beside)
