"""The end-to-end memory network."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, get_args

import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import Tensor, nn

from rnnbench.errors import UserError, did_you_mean
from rnnbench.nn.bags import Bags
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1, Range
from rnnbench.tasks.base import Spec
from rnnbench.tasks.question_answering.batch import StoryBatch
from rnnbench.tasks.question_answering.model import Answered, QuestionModel

Tying = Literal["adjacent", "layer_wise"]

_RATE = Range(least=0, most=1)
_DEVIATION = 0.1


class _Tables(NamedTuple):
    """Which table of vectors is which, by number."""

    question: int
    inputs: list[int]
    """Of each hop."""
    outputs: list[int]
    """Of each hop."""
    number: int


class EndToEndMemory(QuestionModel):
    """Looks at the sentences of a story several times, softly, and learns from the answers alone where to look.

        u(1) = sum_j l_j * B q_j
        m_i = sum_j l_j * A x_ij + T_A(age of i),   c_i = sum_j l_j * C x_ij + T_C(age of i)
        p = softmax(u(k) . m),   o = sum_i p_i c_i,   u(k + 1) = u(k) + o,   answer = softmax(W u(K + 1))

    with ``l_j = (1 - j / J) - (d / D) (1 - 2 j / J)`` for the j-th of J words (position encoding), the latest sentence
    having age 0. S. Sukhbaatar, A. Szlam, J. Weston and R. Fergus, End-To-End Memory Networks, NeurIPS 2015. Answers of
    several words are one class, so W is a matrix of its own.

    Args:
        hops: How often it looks, K.
        size: Width D of all vectors.
        memory: Only so many sentences are looked at, the latest ones.
        tying: ``adjacent``: what a hop reads out is what the next one looks by, ``A(k + 1) = C(k)`` and ``B = A(1)``;
            ``layer_wise``: all hops have the same A and C, and ``u(k + 1) = H u(k) + o``.
        position_encoding: Whether the order of the words in a sentence counts; else it is a bag of words.
        temporal_encoding: Whether the order of the sentences counts.
        linear_start: For so many epochs there is no softmax: ``p = u . m``.
        noise: Rate at which an empty memory is put behind a sentence in training, so that no age is learned by heart.
        nonlinear: Whether half of the numbers of ``u`` pass a ReLU after each hop.
        per_task: Whether each task has weights of its own, as if one model were trained for each; otherwise all tasks
            share them.
        optimizer: The optimizer.
        scheduler: The schedule of the learning rate.
    """

    attends: Tensor

    def __init__(
        self,
        hops: Annotated[int, AT_LEAST_1] = 3,
        size: Annotated[int, AT_LEAST_1] = 20,
        memory: Annotated[int, AT_LEAST_1] = 50,
        tying: Tying = "adjacent",
        position_encoding: bool = True,
        temporal_encoding: bool = True,
        linear_start: Annotated[int, AT_LEAST_0] = 0,
        noise: Annotated[float, _RATE] = 0.0,
        nonlinear: bool = False,
        per_task: bool = False,
        optimizer: OptimizerCallable = torch.optim.Adam,
        scheduler: LRSchedulerCallable | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        if tying not in get_args(Tying):
            raise UserError(
                f"there is no tying {tying!r}", where="--model.tying", hint=did_you_mean(tying, get_args(Tying))
            )
        self.hops = hops
        self.size = size
        self.memory = memory
        self.tying = tying
        self.position_encoding = position_encoding
        self.temporal_encoding = temporal_encoding
        self.linear_start = linear_start
        self.noise = noise
        self.nonlinear = nonlinear
        self.per_task = self.parted = per_task
        self.optimizer = optimizer
        self.scheduler = scheduler
        # In the checkpoint: the best one may be of the time before the softmax.
        self.register_buffer("attends", torch.tensor(linear_start == 0))

    def build(self, spec: Spec) -> None:
        """Makes tables of vectors, all of N(0, 0.1^2)."""
        self.tables = _tables(self.tying, self.hops)
        tasks = len(self.tasks) if self.per_task else 1
        width = self.tables.number * self.size
        self.words = nn.Parameter(torch.randn(tasks * len(self.encoder), width) * _DEVIATION)
        self.times = nn.Parameter(torch.randn(tasks * self.memory, width) * _DEVIATION)
        self.output = nn.Parameter(torch.randn(tasks, len(self.answers), self.size) * _DEVIATION)
        self.between = nn.Linear(self.size, self.size, bias=False) if self.tying == "layer_wise" else nn.Identity()

    def on_train_epoch_start(self) -> None:
        """Puts the softmax in its place once it is time."""
        self.attends.fill_(self.current_epoch >= self.linear_start)

    def forward(self, batch: StoryBatch) -> Answered:
        """See `QuestionModel.forward`."""
        sentences = self._sentences(batch)
        ages, valid = self._ages(batch)
        slots = self._slots(batch, sentences, ages)
        state = sentences[:, self.tables.question].index_select(0, batch.question)
        looks = []
        for inputs, outputs in zip(self.tables.inputs, self.tables.outputs, strict=True):
            scores = (slots[inputs] * state[:, None]).sum(-1)
            weights = torch.where(self.attends, _softmax(scores, valid), scores * valid)
            looks.append(weights)
            state = self.between(state) + (weights[..., None] * slots[outputs]).sum(1)
            if self.nonlinear:
                linear, rest = state.tensor_split(2, 1)
                state = torch.cat([linear, rest.relu()], 1)
        if self.per_task:
            output = self.output.index_select(0, batch.task.clamp(min=0))
            return Answered((output @ state[..., None])[..., 0], torch.stack(looks, 1))
        return Answered(state @ self.output[0].T, torch.stack(looks, 1))

    def flops_per_token(self) -> float | None:
        """None: what is computed depends on how many sentences are alike."""
        return None

    def model_name(self) -> str:
        """Hops, width and what is special."""
        special = {
            "PE": self.position_encoding,
            "LS": self.linear_start > 0,
            "RN": self.noise > 0,
            "ReLU": self.nonlinear,
            "layer-wise": self.tying == "layer_wise",
            "per task": self.per_task,
        }
        hops = f"{self.hops} hop{'s' if self.hops > 1 else ''}"
        return ", ".join([f"MemN2N {hops} x {self.size}", *(name for name, there in special.items() if there)])

    def _sentences(self, batch: StoryBatch) -> Tensor:
        """The vectors of sentences and questions, of all tables: ``(U, tables, D)``."""
        rows = batch.words.flatten().index_select(0, batch.places)
        of = batch.places // batch.words.shape[1]
        if self.per_task:
            rows = rows + len(self.encoder) * batch.owner.clamp(min=0).index_select(0, of)
        bags = Bags.of(rows, batch.counts, len(self.words))
        if not self.position_encoding:
            return bags.sum(self.words).unflatten(1, (-1, self.size))
        # The weight of a word is linear in the dimension: so it takes two sums.
        numbers = torch.arange(1, self.size + 1, device=self.words.device).to(self.words) / self.size
        place = (batch.places - of * batch.words.shape[1] + 1).to(self.words) / batch.counts.index_select(0, of)
        along = numbers.repeat(self.tables.number)
        encoded = bags.sum(self.words, 1 - place) - along * bags.sum(self.words, 1 - 2 * place)
        return encoded.unflatten(1, (-1, self.size))

    def _ages(self, batch: StoryBatch) -> tuple[Tensor, Tensor]:
        """How many places before the end each sentence stands, and whether it is looked at: ``(B, S)``."""
        steps = torch.arange(batch.story.shape[1], device=batch.story.device)
        ages = batch.sizes[:, None] - 1 - steps
        valid = (ages >= 0) & (ages < self.memory)
        if self.training and self.noise > 0:
            empty = (torch.rand(ages.shape, device=ages.device) < self.noise) & valid
            ages = ages + empty.flip(1).cumsum(1).flip(1)
        return ages.clamp(0, self.memory - 1), valid

    def _slots(self, batch: StoryBatch, sentences: Tensor, ages: Tensor) -> list[Tensor]:
        """The memories by each table ``(B, S, D)``."""
        table, places = sentences.flatten(1), batch.story.reshape(-1, 1)
        if self.temporal_encoding:
            if self.per_task:
                ages = ages + self.memory * batch.task.clamp(min=0)[:, None]
            places = torch.cat([places, table.shape[0] + ages.reshape(-1, 1)], 1)
            table = torch.cat([table, self.times])
        counts = torch.full((places.shape[0],), places.shape[1], device=places.device)
        found = Bags.of(places.flatten(), counts, table.shape[0]).sum(table)
        return list(found.view(*batch.story.shape, -1, self.size).unbind(2))


def _tables(tying: Tying, hops: int) -> _Tables:
    if tying == "adjacent":
        return _Tables(0, list(range(hops)), list(range(1, hops + 1)), hops + 1)
    return _Tables(2, [0] * hops, [1] * hops, 3)


def _softmax(scores: Tensor, valid: Tensor) -> Tensor:
    return scores.masked_fill(~valid, -torch.inf).softmax(-1)
