"""What every language model of this application does: training over strips, exact evaluation, continuing a prompt."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.backbone.state import StackState, detach, leaves, reset, unflatten
from rnnbench.data.batches.batch import IGNORED, StripBatch
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.decode.sample import Sampling, restrict, sample
from rnnbench.decode.template import read_template
from rnnbench.errors import UserError
from rnnbench.examples import Example, plain
from rnnbench.tasks.base import Axes, Loss, Measured, Names, Spec, Task, evaluating, exact
from rnnbench.tasks.text_generation.data import TextData
from rnnbench.tasks.text_generation.metrics import CorpusLikelihood, likelihood_metrics

_EXAMPLES = 6
_EXAMPLE_TOKENS = {"char": 300, "word": 60}


def _same(state: StackState) -> StackState:
    return state


class TextModel(Task[TextData]):
    """A model that predicts the next token of a stream. Subclasses write `build`, `initial_state`, `forward`, `step`.

    The state is carried from one window to the next, in training without its history (truncated backpropagation
    through time), in evaluation over the whole stream.
    """

    application: ClassVar[str] = "text_generation"
    monitor = "validation/nats_per_token"
    tokenizer: Tokenizer

    def __init__(self) -> None:
        super().__init__()
        self.sampling = Sampling()
        self.likelihood = CorpusLikelihood()
        self.written: list[str] = []
        """What it wrote after the test, where the data say that it shall."""
        self._trained: StackState | None = None
        self._pending: StackState | None = None
        self._evaluated: StackState | None = None

    @abstractmethod
    def initial_state(self, batch_size: int) -> StackState:
        """The state before the first token, leaves ``(B, ...)``."""

    @abstractmethod
    def step(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """One token ``(B,)`` -> scores of the next ``(B, V)`` (log-probabilities up to a constant) and the state."""

    def penalty(self) -> Tensor | None:
        """What is added to the loss of the window just read, and is no likelihood; None for nothing."""
        return None

    def use_spec(self, spec: Spec) -> None:
        """Builds the model around the vocabulary."""
        self.tokenizer = Tokenizer.from_state(spec)
        super().use_spec(spec)

    def named_axes(self) -> Mapping[str, Axes]:
        """See `Task.named_axes`: the tokens that are read, and those that are predicted."""
        read, predicted = (Names(kind, self.tokenizer.tokens) for kind in (self.tokenizer.kind, "next token"))
        weights = ("output.weight", "output.bias", "direct.weight")
        return {"embedding.weight": (read,), **dict.fromkeys(weights, (predicted,))}

    def nats(self, batch: StripBatch, state: StackState) -> tuple[Tensor, StackState]:
        """Negative log-likelihood of each target.

        Args:
            batch: One window.
            state: State before it.

        Returns:
            ``(B, T)``, zero where the target is padding, and the state after the window.
        """
        scores, state = self(batch.x, state)
        losses = F.cross_entropy(scores.flatten(0, 1), batch.y.flatten(), ignore_index=IGNORED, reduction="none")
        return losses.view_as(batch.y), state

    def sum_nats(self, batch: StripBatch, state: StackState) -> tuple[Tensor, StackState]:
        """The sum of `nats`, ``()``: all that training needs, for which there may be a shorter way."""
        nats, state = self.nats(batch, state)
        return nats.sum(), state

    def loss(self, batch: StripBatch) -> Loss | None:
        """Negative log-likelihood of the targets of one window, and the penalty."""
        nats, state = self.sum_nats(batch, self.entering(self._trained, batch))
        # Kept apart until the step is done, so that a step that fails leaves the state before it.
        self._pending = detach(state)
        return Loss(nats, batch.tokens, self.penalty())

    def on_train_batch_end(self, outputs: Any, batch: StripBatch, batch_idx: int) -> None:
        """The window is trained: the next one starts from its end."""
        self._trained = self._pending

    def predict_step(self, batch: str, batch_idx: int) -> str:
        """Continues one prompt."""
        return "".join(self.write(batch, self.sampling))

    def write(
        self,
        prompt: str,
        sampling: Sampling,
        template: str | None = None,
        change: Callable[[StackState], StackState] = _same,
    ) -> Iterator[str]:
        """Continues a prompt, piece by piece. ``<unk>`` stands for no text in particular, so it is never written.

        Args:
            prompt: The beginning; what is not in the vocabulary is read as ``<unk>``. It may be empty: then the text
                starts as a document does.
            sampling: How tokens are chosen.
            template: What is written, place by place, see `read_template`: characters, or words between white space.
            change: What is done to the state before each token, those of the prompt too; by default nothing.

        Yields:
            Pieces of text whose concatenation is the continuation, each as soon as it is written.
        """
        tokens = [self.tokenizer.end, *self.tokenizer.encode(prompt).tolist()]
        written: list[int] = []
        # What is behind `shown` is new; the piece before it says how it is joined. Older ones are not read again.
        begin = shown = 0
        with evaluating(self):
            start = torch.tensor(tokens, device=self.device)
            allowed = None if template is None else self._allowed(template)

            def step(token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
                return self._step_to_known(token, change(state))

            for token in sample(step, start, self.initial_state(1), sampling, allowed):
                written.append(token)
                text = self.tokenizer.decode(written[begin:])
                # A character of several bytes is shown once it is whole.
                if not text.endswith("\ufffd"):
                    yield text[len(self.tokenizer.decode(written[begin:shown])) :]
                    begin, shown = shown, len(written)

    def _allowed(self, template: str) -> list[Tensor]:
        if self.tokenizer.level == "byte":
            raise UserError("a byte is no character", where="--template", hint="a model of --data.level char or word")
        places = template.split() if self.tokenizer.of_words else list(template)
        return read_template(places, self.tokenizer.tokens, "--template")

    def following(
        self, prompt: str, sampling: Sampling, most: int, change: Callable[[StackState], StackState] = _same
    ) -> dict[str, float]:
        """The likeliest tokens after a prompt, and how likely `write` takes each.

        Args:
            prompt: The beginning, as for `write`.
            sampling: How tokens are chosen.
            most: Most tokens, at least 1.
            change: What is done to the state before each token, as for `write`.

        Returns:
            Probabilities by token, the largest first; tokens that are never chosen are left out.
        """
        tokens = [self.tokenizer.end, *self.tokenizer.encode(prompt).tolist()]
        with evaluating(self):
            state = self.initial_state(1)
            for token in tokens:
                scores, state = self._step_to_known(torch.tensor([token], device=self.device), change(state))
            [probabilities] = restrict(scores.float().cpu(), sampling)
        ranked, order = probabilities.sort(descending=True, stable=True)
        found = zip(order[:most].tolist(), ranked[:most].tolist(), strict=True)
        return {self.tokenizer.tokens[token]: probability for token, probability in found if probability}

    def examples(self) -> list[Example]:
        """See `Task.examples`: two texts of its own, written at two temperatures, or the first that were counted on."""
        if self.written:
            return [(plain(f"text {number}", text),) for number, text in enumerate(self.written[:_EXAMPLES], start=1)]
        length = _EXAMPLE_TOKENS["word" if self.tokenizer.of_words else "char"]
        return [
            (plain(f"temperature {heat:g}", "".join(self.write("", Sampling(temperature=heat, length=length)))),)
            for heat in (0.5, 1.0)
        ]

    def read_text(self, text: str) -> list[str]:
        """See `Task.read_text`: token by token, from the state before the first one."""
        tokens = self.tokenizer.encode(text)
        with evaluating(self):
            self(torch.as_tensor(tokens, device=self.device)[None], self.initial_state(1))
        starts = [start for start, _ in self.tokenizer.spans(text)]
        # With the white space behind it, so that they make the text again.
        return [text[start:end] for start, end in pairwise([*starts, len(text)])]

    def flops_per_token(self) -> float | None:
        """Counts the matrix products of one step."""
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            self.step(torch.zeros(1, dtype=torch.int64, device=self.device), self.initial_state(1))
        return float(counter.get_total_flops())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the state carried between windows, of all processes in the order of their strips."""
        super().on_save_checkpoint(checkpoint)
        if self._trained is not None:
            # all_gather stacks processes in front where there are several.
            gather = self.trainer.strategy.all_gather
            checkpoint["carried"] = [gather(leaf).reshape(-1, *leaf.shape[1:]) for leaf in leaves(self._trained)]

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Takes this process's part of the carried state."""
        super().on_load_checkpoint(checkpoint)
        carried = checkpoint.get("carried")
        if carried is None or self._trainer is None or not self.trainer.training:
            return
        rows = self.data.batch_size
        if len(carried[0]) != rows * self.trainer.world_size:
            raise UserError(
                f"the checkpoint carries the state of {len(carried[0])} strips, this run reads"
                f" {rows} x {self.trainer.world_size} processes",
                where="data.batch_size",
                hint="resume with the batch size and number of processes of the run",
            )
        mine = slice(self.trainer.global_rank * rows, (self.trainer.global_rank + 1) * rows)
        self._trained = unflatten([leaf[mine].to(self.device) for leaf in carried], like=self.initial_state(rows))

    def _step_to_known(self, token: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        scores, state = self.step(token, state)
        if self.tokenizer.unknown is not None:
            # A table's scores are not ours to change.
            scores = scores.clone()
            scores[:, self.tokenizer.unknown] = -torch.inf
        return scores, state

    def evaluate(self, batch: StripBatch) -> None:
        """See `Task.evaluate`."""
        losses, self._evaluated = self.nats(batch, self.entering(self._evaluated, batch))
        self.likelihood.update(batch.place, exact(losses).sum(), batch.tokens)

    def measure(self, split: str) -> Measured:
        """See `Task.measure`; the signature tells level, tokens predicted and unknown, and strips of the stream."""
        nats, tokens = self.likelihood.compute()
        self._evaluated = None
        data = self.data
        stream = data.streams[split]  # type: ignore[index]
        # Where the trainer was told to read only some windows, nobody knows how many characters they stand for.
        characters = stream.characters if tokens == len(stream.tokens) else None
        read = f"tokens:{tokens}|unknown:{stream.unknown}"
        values = likelihood_metrics(nats, tokens, characters)
        written: dict[str, float] = {}
        if split == "test" and data.samples is not None:
            self.written = data.samples.write(self.write)
            written = data.samples.measure(self.written, data.training_texts())
        return Measured(
            {**values, **written},
            f"level:{data.level}|{read}|strips:{data.evaluation_strips}",
            ("perplexity" if self.tokenizer.of_words else "nats_per_character",),
            dict.fromkeys(written, data.samples.signature()) if data.samples is not None else {},
        )

    def entering(self, carried: StackState | None, batch: StripBatch) -> StackState:
        """The state before a window: carried over, but initial in the strips that start here.

        Args:
            carried: The state after the window before; None for none.
            batch: The window.
        """
        initial = self.initial_state(len(batch.x))
        if carried is None or leaves(carried)[0].shape[0] != len(batch.x):
            return initial
        return reset(carried, batch.starts, initial)
