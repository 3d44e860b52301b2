"""A language model as a user of PyTorch writes it: ``nn.LSTM``, all scores, ``F.cross_entropy``, clipping.

``python -m rnnbench.bench.plain_language_model PRESET [OPTIONS]`` prints how much longer its training step takes than
that of `rnnbench.tasks.text_generation.LanguageModel`, in turns, and how much more memory.
"""

from __future__ import annotations

import argparse
import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rnnbench.bench.fresh import run_fresh
from rnnbench.bench.memory import ENVIRONMENT, peak
from rnnbench.bench.steps import Step
from rnnbench.bench.timing import Times, ratio, time_in_turns
from rnnbench.bench.training_step import instantiate
from rnnbench.data.batches.batch import StripBatch
from rnnbench.tasks.text_generation import LanguageModel

_LAYERS = {"LSTM": nn.LSTM, "GRU": nn.GRU, "Elman": nn.RNN}
_WINDOWS = 4


class PlainLanguageModel(nn.Module):
    """Embedding, layers of torch.nn, scores.

    Args:
        model: The model that it is compared with: sizes and rates of dropout are the same.
    """

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        words, width = model.embedding.weight.shape
        stack = model.backbone
        self.dropout = nn.Dropout(model.dropout.p)
        self.embedding = nn.Embedding(words, width)
        make = _LAYERS[str(stack.cell_name)]
        self.layers = make(width, stack.output_size, len(stack.cells), batch_first=True, dropout=stack.dropout.between)
        self.output = nn.Linear(stack.output_size, words)
        if model.tie_embeddings:
            self.output.weight = self.embedding.weight

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Tokens ``(B, T)`` -> scores ``(B, T, V)`` and the state after the last."""
        hidden, state = self.layers(self.dropout(self.embedding(x)), state)
        return self.output(self.dropout(hidden)), state


def plain_step(
    model: PlainLanguageModel, optimizer: torch.optim.Optimizer, clip: float
) -> Callable[[StripBatch], None]:
    """The training step of a tutorial; the state goes on from window to window."""
    state: Any = None

    def step(batch: StripBatch) -> None:
        nonlocal state
        optimizer.zero_grad()
        scores, after = model(batch.x, state)
        F.cross_entropy(scores.flatten(0, 1), batch.y.flatten()).backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        state = tuple(part.detach() for part in after) if isinstance(after, tuple) else after.detach()

    return step


def our_step(model: LanguageModel, optimizer: torch.optim.Optimizer, clip: float) -> Callable[[StripBatch], None]:
    """That of the trainer, without the trainer."""

    def step(batch: StripBatch) -> None:
        optimizer.zero_grad()
        cast(Tensor, model.training_step(batch, 0)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        model.on_train_batch_end(None, batch, 0)

    return step


def _steps(words: Sequence[str]) -> dict[str, Step]:
    """A training on the first windows of the data, by ours and by the plain model."""
    # There is no trainer to log to.
    warnings.filterwarnings("ignore", ".*self.log.*")
    model, data = instantiate(words)
    assert isinstance(model, LanguageModel), "this is no language model"
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    batches = [batch for batch, _ in zip(data.train_dataloader(), range(_WINDOWS), strict=False)]
    plain = PlainLanguageModel(model)
    make = cast(Callable[..., torch.optim.Optimizer], model.optimizer)
    trained = {
        "ours": our_step(model, make(model.parameters()), 1.0),
        "plain": plain_step(plain, make(plain.parameters()), 1.0),
    }

    def train(step: Callable[[StripBatch], None]) -> None:
        for batch in batches:
            step(batch)

    return {name: functools.partial(train, step) for name, step in trained.items()}


def time_both(words: Sequence[str], rounds: int) -> Times:
    """Seconds of some windows by each, in turns; to be called in a fresh process."""
    return time_in_turns(_steps(words), rounds, float("inf"))


def peak_of(words: Sequence[str], name: str) -> int:
    """Bytes that the steps of one of them take; to be called in a fresh process with `ENVIRONMENT`."""
    return peak(_steps(words)[name], "cpu")


def main() -> None:
    """Prints the ratios."""
    parser = argparse.ArgumentParser(description="Time a step of a plain language model against one of ours, in turns.")
    parser.add_argument("preset", help="such as text_generation/ptb_small; options of rnnbench fit may follow")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="cores, default: %(default)s")
    arguments, options = parser.parse_known_args()
    words = [arguments.preset, *options]
    times = run_fresh(arguments.threads, {}, time_both, words, arguments.rounds)
    peaks = {name: run_fresh(arguments.threads, ENVIRONMENT, peak_of, words, name) for name in ("ours", "plain")}
    print(f"a training step: plain / ours = {ratio(times, 'plain', 'ours'):.2f}")
    print(
        f"its memory: plain / ours = {peaks['plain'] / peaks['ours']:.2f}"
        f" ({peaks['plain'] / 2**20:.0f} MiB and {peaks['ours'] / 2**20:.0f} MiB)"
    )


if __name__ == "__main__":
    # Another process finds functions by their module, and none in one that is called __main__.
    from rnnbench.bench.plain_language_model import main as run

    run()
