"""Language models that predict together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.backbone.state import StackState
from rnnbench.data.batches.batch import StripBatch
from rnnbench.data.notice import tell
from rnnbench.errors import UserError
from rnnbench.tasks.base import CountingModel, Spec, evaluating, exact
from rnnbench.tasks.text_generation.data import TextData
from rnnbench.tasks.text_generation.model import TextModel
from rnnbench.tasks.text_generation.trained import check_unchanged, load_text_model

_ROUNDS = 1000
_CONVERGED = 1e-12


class Mixture(CountingModel[TextData], TextModel):
    """The weighted mean of what trained language models predict, each with a state of its own.

        p(w | h) = sum over k of a_k p_k(w | h)

    The weights are those under which the validation split is likeliest, found by expectation maximisation:

        a_k <- mean over the tokens of a_k p_k(w) / p(w)

    F. Jelinek and R. L. Mercer, Interpolated estimation of Markov source parameters from sparse data, 1980; of a
    recurrent and an n-gram model: T. Mikolov et al., Recurrent Neural Network Based Language Model, Interspeech 2010.

    Args:
        runs: Folders of trained runs of text generation, two or more, over the tokens of these data. They are read
            again wherever the mixture is.
        weights: a_k, one for each run; null finds them.
    """

    tables = ("shares",)
    shares: Tensor

    def __init__(self, runs: list[str], weights: list[float] | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        if len(runs) < 2:
            raise UserError(f"a mixture is one of two runs or more, and {len(runs)} is named", where="model.runs")
        if weights is not None and (len(weights) != len(runs) or min(weights) < 0 or abs(sum(weights) - 1) > 1e-6):
            raise UserError(
                f"{weights} are no {len(runs)} shares of 1",
                where="model.weights",
                hint="as many as there are runs, 0 or more, with a sum of 1; or null",
            )
        self.runs = runs
        self.weights = weights

    def build(self, spec: Spec) -> None:
        """Loads the models."""
        super().build(spec)
        models = []
        for run in self.runs:
            model = load_text_model(Path(run), "--model.runs")
            if model.tokenizer.state() != self.tokenizer.state():
                raise UserError(
                    f"{run} predicts {len(model.tokenizer):,} tokens, the data {len(self.tokenizer):,} or others",
                    where="--model.runs",
                    hint="models that predict together are trained on one text, at one level",
                )
            models.append(model.requires_grad_(False))
        self.models: Sequence[TextModel] = nn.ModuleList(models)  # type: ignore[assignment]

    def count_split(self) -> Mapping[str, Tensor]:
        """See `CountingModel.count_split`: the weights, of the validation split."""
        if self.weights is not None:
            return {"shares": torch.tensor(self.weights, dtype=torch.float64)}
        with evaluating(self):
            nats = torch.stack([_nats(model, self.data.val_dataloader()) for model in self.models], 1)
        shares = fit_shares(nats)
        named = ", ".join(f"{share:.3f} of {run}" for share, run in zip(shares.tolist(), self.runs, strict=True))
        tell(f"the mixture: {named}")
        return {"shares": shares}

    def initial_state(self, batch_size: int) -> StackState:
        """Those of the models."""
        return tuple(model.initial_state(batch_size) for model in self.models)

    def nats(self, batch: StripBatch, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.nats`."""
        found, states = zip(
            *(model.nats(batch, own) for model, own in zip(self.models, state, strict=True)), strict=True
        )
        return -self._mixed([-exact(one) for one in found]), tuple(states)

    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """See `TextModel.step`."""
        found, states = zip(
            *(model.step(token, own) for model, own in zip(self.models, state, strict=True)), strict=True
        )
        return self._mixed([exact(scores).log_softmax(1) for scores in found]), tuple(states)

    def num_parameters(self) -> int:
        """Those of the models, and the weights."""
        return sum(model.num_parameters() for model in self.models) + len(self.runs)

    def model_name(self) -> str:
        """What is mixed."""
        return " + ".join(model.model_name() for model in self.models)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Refuses a run that has become another one."""
        super().on_load_checkpoint(checkpoint)
        for number, (run, model) in enumerate(zip(self.runs, self.models, strict=True)):
            check_unchanged(model, checkpoint["state_dict"], f"models.{number}.", run, "--model.runs")

    def _mixed(self, logs: Sequence[Tensor]) -> Tensor:
        """Log sum over k of a_k p_k, of tensors log p_k of one shape."""
        # Before the weights are found there is nothing to tell the models apart.
        shares = self.shares if len(self.shares) else torch.full((len(logs),), 1 / len(logs), dtype=torch.float64)
        stacked = torch.stack(list(logs), -1)
        return (stacked + shares.to(stacked).log()).logsumexp(-1)


def fit_shares(nats: Tensor) -> Tensor:
    """The weights of a mixture under which some tokens are likeliest: the likelihood has one maximum.

    Args:
        nats: -log p_k of every token ``(N, K)`` float64.

    Returns:
        ``(K,)`` float64, with a sum of 1.
    """
    # Of each token only the ratios count; the likeliest model's may be an infinity of nats away from another one's.
    likely = (nats.amin(1, keepdim=True) - nats).exp()
    shares = torch.full((nats.shape[1],), 1 / nats.shape[1], dtype=torch.float64)
    for _ in range(_ROUNDS):
        parts = likely * shares
        found = (parts / parts.sum(1, keepdim=True)).mean(0)
        moved = float((found - shares).abs().max())
        shares = found
        if moved < _CONVERGED:
            break
    return shares


def _nats(model: TextModel, windows: Any) -> Tensor:
    """-log p of every token of a split ``(N,)`` float64, on the CPU."""
    state: StackState | None = None
    found = []
    for batch in windows:
        moved = model.transfer_batch_to_device(batch, model.device, 0)
        losses, state = model.nats(moved, model.entering(state, moved))
        found.append(exact(losses)[moved.y >= 0].cpu())
    return torch.cat(found)
