"""What re-ranks replies: a language model of replies, or a model that guesses what was replied to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from lightning.fabric.utilities import move_data_to_device
from torch import Tensor

from rnnbench.data.batches.sequences import Sequences
from rnnbench.decode.beam import Hypothesis
from rnnbench.decode.mutual_information import against_language, bidirectional
from rnnbench.errors import UserError
from rnnbench.tasks.base.evaluating import evaluating
from rnnbench.tasks.base.items import exact_nats
from rnnbench.tasks.base.pairs.data import TextPairs, encode_target
from rnnbench.tasks.base.texts import predicted
from rnnbench.tasks.base.trained import load_trained
from rnnbench.tasks.dialogue.turns import Context, Exchange, Turn

if TYPE_CHECKING:
    from rnnbench.tasks.dialogue.model import DialogueModel


@dataclass(frozen=True)
class Mutual:
    """Maximum mutual information (Li et al. 2016) in the place of the likeliest reply.

    Args:
        run: Folder of a run of dialogue. One of ``data.turns: 0`` is a language model of replies: what is likely
            without any context is punished (MMI-antiLM). One of ``data.reversed: true`` says how well a reply tells
            what was said before it (MMI-bidi). Null takes the likeliest reply.
        weight: Lambda, how much the run counts.
        first: With a language model, how many tokens from the beginning are punished.
        reward: Gamma, for every token of a reply: the likeliest replies of a wide beam are the short ones.
        candidates: Replies that a search has to find, from which one is chosen.
    """

    run: str | None = None
    weight: float = 0.3
    first: int = 5
    reward: float = 0.0
    candidates: int = 20

    # Not in __post_init__: the parser of the command line would take an error there for another type.
    def check(self) -> None:
        """Refuses values out of range.

        Raises:
            UserError: Names the option.
        """
        for name, least in (("weight", 0), ("first", 1), ("candidates", 1)):
            if getattr(self, name) < least:
                raise UserError(f"must be at least {least}, found {getattr(self, name)}", where=f"mmi {name}")

    def make(self, model: DialogueModel) -> Reranker | None:
        """What re-ranks the replies of a model; None where nothing does.

        Args:
            model: The model.

        Raises:
            UserError: The run is not there, or cannot help this model.
        """
        if self.run is None:
            return None
        from rnnbench.tasks.dialogue.model import DialogueModel

        run = Path(self.run).expanduser()
        helper: DialogueModel = load_trained(run, DialogueModel, "dialogue", "mmi run")  # type: ignore[type-abstract]
        return Reranker(self, helper.to(model.device), model)


class Reranker:
    """Puts the replies to a context into another order, by themselves: no other context has a part in it.

    Args:
        options: How.
        helper: The language model, or the reversed model.
        model: Whose replies they are.

    Raises:
        UserError: The helper is neither, its vocabulary is another one, or the weight is none for it.
    """

    def __init__(self, options: Mutual, helper: DialogueModel, model: DialogueModel) -> None:
        self.options = options
        self._helper = helper
        self._encoder = model.target_encoder
        assert helper.spec is not None
        self._backwards = bool(helper.spec["reversed"])
        if not self._backwards and helper.spec["turns"]:
            raise UserError(
                f"{options.run} replies to turns as the model itself does",
                where="mmi run",
                hint="one trained with --data.turns 0 (a language model), or with --data.reversed true",
            )
        if helper.target_encoder.state() != self._encoder.state():
            raise UserError(
                f"{options.run} has a vocabulary of {len(helper.target_encoder):,} tokens, the model one of"
                f" {len(self._encoder):,}, or others",
                where="mmi run",
                hint="train both on the same data, with the same unit",
            )
        if self._backwards and options.weight > 1:
            raise UserError(f"lies in [0, 1] here, found {options.weight}", where="mmi weight")

    def summary(self) -> str:
        """What it is, in one word."""
        kind = "bidi" if self._backwards else f"anti_lm,{self.options.first}"
        return f"mmi:{kind},{self.options.weight:g},{self.options.reward:g},{self.options.candidates}"

    def __call__(self, context: Context, found: list[Hypothesis]) -> list[Hypothesis]:
        """The replies to a context, best first.

        Args:
            context: What was said.
            found: What a search has found.
        """
        if not found:
            return found
        options = self.options
        if not self._backwards:
            replies = [Exchange((), self._encoder.decode(one.tokens)) for one in found]
            marked = [torch.tensor([self._encoder.begin, *one.tokens, self._encoder.end]) for one in found]
            nats = self._nats(replies, marked)
            return against_language(
                found, [(-one).tolist() for one in nats], options.weight, options.first, options.reward
            )
        said = context[-1].text if context else ""
        back = [Exchange((Turn(False, self._encoder.decode(one.tokens)),), said) for one in found]
        nats = self._nats(back, [encode_target(self._encoder, said)] * len(back))
        return bidirectional(found, [-float(one.sum()) for one in nats], options.weight, options.reward)

    def _nats(self, pairs: list[Exchange], targets: Sequence[Tensor]) -> list[Tensor]:
        """Negative log-likelihood of every token of each target ``(T,)`` float64."""
        helper = self._helper
        sources = [helper.read_source(pair.source) for pair in pairs]
        batch = TextPairs(Sequences(sources), Sequences(targets))(list(range(len(pairs))), 0)
        batch = move_data_to_device(batch, helper.device)
        with evaluating(helper):
            scores, _ = helper(batch)
            nats = exact_nats(scores, predicted(batch))
        return list(nats.split(batch.target_lengths.tolist()))
