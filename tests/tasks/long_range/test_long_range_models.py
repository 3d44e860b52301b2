"""Models and scores against their definitions."""

import functools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from rnnbench.backbone import Backbone
from rnnbench.data import Adding, Dyck, RepeatCopy, Tomita
from rnnbench.data.long_range.problem import Answers, Inputs
from rnnbench.tasks.long_range import LongRangeData, RecurrentModel, WindowModel
from rnnbench.tasks.long_range.answers import AnswerKind
from rnnbench.tasks.long_range.inputs import InputLayer
from rnnbench.tasks.long_range.metrics import SequenceScores

NAMES = ("accuracy", "cross_entropy", "sequence_accuracy", "bits_per_sequence", "wrong_bits", "mse", "state_accuracy")


def batch_of(problem, length=9, shortest=3):
    data = LongRangeData(problem, length=max(length, problem.shortest), min_length=max(shortest, problem.shortest))
    data.setup("fit")
    return data, data.splits["train"](list(range(12)), 0)


def recurrent(**options):
    return RecurrentModel(functools.partial(Backbone, hidden_size=7, engine="reference"), **options)


def window(**options):
    return WindowModel(window=4, hidden_size=6, **options)


@pytest.mark.parametrize("problem", [Adding(), Tomita(every_step=True), RepeatCopy(bits=3, repeats=3), Dyck()], ids=str)
@pytest.mark.parametrize("make", [recurrent, window])
@pytest.mark.parametrize("embedding", [None, 5])
def test_answers_know_nothing_of_padding_and_neighbours(problem, make, embedding):
    torch.manual_seed(0)
    data, batch = batch_of(problem)
    model = make(embedding_size=embedding)
    model.use_spec(data.spec)
    model.double()
    x = batch.x.double() if batch.x.is_floating_point() else batch.x
    whole = model(x, batch.lengths, batch.asked).split(batch.asked.sum(1).tolist())
    for row, length in enumerate(batch.lengths.tolist()):
        alone = model(x[row : row + 1, :length], batch.lengths[row : row + 1], batch.asked[row : row + 1, :length])
        assert torch.allclose(alone, whole[row], rtol=0, atol=1e-12)
    past = torch.arange(x.shape[1]) >= batch.lengths[:, None]
    spoilt = x.clone()
    spoilt[past] = 1
    assert torch.equal(model(spoilt, batch.lengths, batch.asked), torch.cat(whole))


def test_a_window_sees_its_steps_and_no_others():
    torch.manual_seed(0)
    data, batch = batch_of(Tomita(every_step=True), length=12, shortest=12)
    model = window()
    model.use_spec(data.spec)
    given = model(batch.x, batch.lengths, batch.asked).view(12, 12, 2)
    one_hot = F.one_hot(batch.x[0], 2).float()
    for step in range(12):
        seen = [one_hot[t] if t >= 0 else torch.zeros(2) for t in range(step - 3, step + 1)]
        wanted = model.output(torch.relu(model.hidden(torch.cat(seen))))
        assert torch.allclose(given[0, step], wanted, atol=1e-6)
    other = batch.x.clone()
    other[:, :8] = 1 - other[:, :8]
    assert torch.equal(model(other, batch.lengths, batch.asked).view(12, 12, 2)[:, 11], given[:, 11])


def test_symbols_are_one_hot_vectors():
    x = torch.tensor([[2, 0, 1]])
    inputs = Inputs(symbols=("a", "b", "c"))
    assert torch.equal(InputLayer(inputs, None)(x), F.one_hot(x, 3).float())
    layer = InputLayer(inputs, 5)
    assert torch.allclose(layer(x), F.one_hot(x, 3).float() @ layer.map.weight)
    numbers = torch.rand(1, 3, 2)
    assert InputLayer(Inputs(numbers=2), None)(numbers) is numbers


def entered(scores, kind, given, y, asked, sizes, ids=None):
    losses, wrong = kind.losses(given, y), kind.wrong(given, y)
    ids = torch.arange(len(asked)) if ids is None else ids
    scores.update(ids, sizes, asked, losses, wrong, wrong == 0)


def test_scores_of_classes_by_hand():
    kind = AnswerKind(Answers("class", ("a", "b", "c")))
    scores = SequenceScores(NAMES)
    asked = torch.tensor([[False, True, True], [True, False, False]])
    given = torch.tensor([[2.0, 0, 0], [0, 0, 2.0], [0, 1.0, 0]], dtype=torch.float64)
    entered(scores, kind, given, torch.tensor([0, 1, 1]), asked, torch.tensor([3, 5]))
    values, sequences = scores.compute()
    nats = F.cross_entropy(given, torch.tensor([0, 1, 1]), reduction="none").tolist()
    assert sequences == 2
    assert values["accuracy"] == pytest.approx((0.5 + 1) / 2)
    assert values["sequence_accuracy"] == 0.5
    assert values["cross_entropy"] == pytest.approx(sum(nats) / 3)
    assert values["bits_per_sequence"] == pytest.approx(sum(nats) / math.log(2) / 2)
    assert [(one.length, one.sequences, one.values["accuracy"]) for one in scores.by_length] == [(3, 1, 0.5), (5, 1, 1)]
    metric, sums = scores.contributions(torch.tensor([[3.0, 2, 1, 1, 1, 0]]))
    assert (metric, sums.tolist()) == ("mse", [[1.0, 2.0]])


def test_scores_of_bits_and_numbers_by_hand():
    bits = AnswerKind(Answers("bits", ("x", "y")))
    scores = SequenceScores(NAMES)
    asked = torch.tensor([[True, True]])
    given = torch.tensor([[3.0, -3.0], [3.0, 3.0]], dtype=torch.float64)
    entered(scores, bits, given, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), asked, torch.tensor([2]))
    values, _ = scores.compute()
    right, wrong = math.log(1 + math.exp(-3)), math.log(1 + math.exp(3))
    assert values["bits_per_sequence"] == pytest.approx((3 * right + wrong) / math.log(2))
    assert (values["wrong_bits"], values["accuracy"]) == (1.0, 0.5)
    numbers = AnswerKind(Answers("numbers", ("sum",)))
    scores = SequenceScores(["mse"])
    entered(scores, numbers, torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [1.0]]), asked, torch.tensor([2]))
    assert scores.compute()[0] == {"mse": 2.5}


def test_scores_do_not_depend_on_how_batches_were_cut():
    generator = torch.Generator().manual_seed(3)
    kind = AnswerKind(Answers("class", ("a", "b", "c")))
    asked = torch.rand(9, 5, generator=generator) < 0.6
    asked[:, 0] = True
    given = torch.randn(int(asked.sum()), 3, generator=generator, dtype=torch.float64)
    y = torch.randint(3, (len(given),), generator=generator)
    sizes = torch.tensor([4, 7, 7] * 3)
    ends = np.cumsum([0, *asked.sum(1).tolist()])
    found = []
    for cuts in ([9], [4, 5], [1] * 9):
        scores, start = SequenceScores(NAMES), 0
        for size in cuts:
            rows, answers = slice(start, start + size), slice(ends[start], ends[start + size])
            entered(scores, kind, given[answers], y[answers], asked[rows], sizes[rows], torch.arange(9)[rows])
            start += size
        # One that counts for nothing.
        entered(scores, kind, given[:1], y[:1], asked[:1, :1], sizes[:1], torch.tensor([-1]))
        found.append((scores.compute(), scores.by_length))
    assert found[0] == found[1] == found[2]
