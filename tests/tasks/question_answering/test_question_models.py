"""Models of questions against their definitions, written with loops over sentences and words."""

import functools
import itertools
import math

import pytest
import torch
from a_batch import ANSWERS, QUESTIONS, TASKS, built, encoder, stories, words_of

from rnnbench.backbone import Backbone
from rnnbench.cells import NTM
from rnnbench.errors import UserError
from rnnbench.nn import AdditiveAttention
from rnnbench.tasks.question_answering import (
    BagOfWords,
    EndToEndMemory,
    FrequentAnswer,
    LastMentioned,
    RecurrentReader,
    SupervisedMemory,
)

SIZE = 6
stack = functools.partial(Backbone, hidden_size=5, engine="reference")


ALL = tuple(range(len(QUESTIONS)))


def batch(numbers=ALL):
    return stories()(list(numbers), 0)


def encoded(rows, sentence, position):
    """sum_j l_j * x_j of a sentence, given a vector for each word of the vocabulary."""
    words, size = words_of(sentence), rows.shape[1]
    total = torch.zeros(size, dtype=rows.dtype)
    for j, word in enumerate(words, start=1):
        for d in range(1, size + 1):
            weight = (1 - j / len(words)) - (d / size) * (1 - 2 * j / len(words)) if position else 1.0
            total[d - 1] += weight * rows[word, d - 1]
    return total


def defined(model, one):
    """Scores and looks of an end-to-end memory network, by its equations."""
    size, words, slots = model.size, len(encoder()), model.memory
    task = TASKS.index(one.task) if model.per_task else 0
    of_words = model.words[task * words : (task + 1) * words].unflatten(1, (-1, size))
    of_times = model.times[task * slots : (task + 1) * slots].unflatten(1, (-1, size))
    adjacent = model.tying == "adjacent"
    story = one.story[-slots:]
    u = encoded(of_words[:, 0 if adjacent else 2], one.question, model.position_encoding)
    looks = []
    for hop in range(model.hops):
        a, c = (hop, hop + 1) if adjacent else (0, 1)
        memories = []
        for table in (a, c):
            rows = [encoded(of_words[:, table], sentence, model.position_encoding) for sentence in story]
            if model.temporal_encoding:
                rows = [row + of_times[len(story) - 1 - i, table] for i, row in enumerate(rows)]
            memories.append(torch.stack(rows))
        scores = memories[0] @ u
        p = scores.softmax(0) if model.attends else scores
        looks.append(torch.cat([torch.zeros(len(one.story) - len(story), dtype=p.dtype), p]))
        u = (u if adjacent else model.between.weight @ u) + p @ memories[1]
        if model.nonlinear:
            u = torch.cat([u[: size // 2], u[size // 2 :].clamp(min=0)])
    return model.output[task] @ u, torch.stack(looks)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tying": "layer_wise", "hops": 2},
        {"position_encoding": False, "temporal_encoding": False, "hops": 1},
        {"per_task": True, "nonlinear": True},
        {"memory": 2, "linear_start": 1, "noise": 0.5},
    ],
    ids=["adjacent", "layer-wise", "bags", "per-task", "linear"],
)
def test_the_end_to_end_memory_network_is_its_equations(options):
    model = built(EndToEndMemory(**{"size": SIZE, "memory": 4, **options}))
    scores, looks = model(batch())
    for row, one in enumerate(QUESTIONS):
        wanted, looked = defined(model, one)
        torch.testing.assert_close(scores[row], wanted, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(looks[row, :, : len(one.story)], looked, rtol=1e-10, atol=1e-12)
        assert looks[row, :, len(one.story) :].abs().sum() == 0


MODELS = {
    "memory": lambda: EndToEndMemory(size=SIZE),
    "per task": lambda: EndToEndMemory(size=SIZE, per_task=True),
    "supervised": lambda: SupervisedMemory(size=SIZE),
    "words": lambda: RecurrentReader(stack),
    "looking back": lambda: RecurrentReader(stack, attention=AdditiveAttention),
    "both ways": lambda: RecurrentReader(functools.partial(stack, bidirectional=True), attention=AdditiveAttention),
    "sentences": lambda: RecurrentReader(stack, step="sentence"),
    "ntm": lambda: RecurrentReader(functools.partial(stack, cell=NTM), step="sentence"),
    "bag": lambda: BagOfWords(hidden_size=5),
}


@pytest.mark.parametrize("name", MODELS)
def test_neighbours_and_padding_change_no_answer(name):
    model = built(MODELS[name]())
    scores, looks = model(batch())
    for number, one in enumerate(QUESTIONS):
        alone = model(batch([number]))
        torch.testing.assert_close(alone.scores[0], scores[number], rtol=1e-10, atol=1e-12)
        if looks is not None:
            torch.testing.assert_close(alone.looks[0], looks[number, :, : len(one.story)], rtol=1e-10, atol=1e-12)


def test_with_weights_for_each_task_no_task_learns_from_another():
    model = built(EndToEndMemory(size=SIZE, per_task=True))
    of_first = [number for number, one in enumerate(QUESTIONS) if one.task == "1"]
    model.loss(batch(of_first)).total.backward()
    words, slots = len(encoder()), model.memory
    for table, of_task in ((model.words, words), (model.times, slots), (model.output, 1)):
        assert table.grad[:of_task].abs().sum() > 0
        assert table.grad[of_task:].abs().sum() == 0


def test_the_reader_reads_story_and_question_in_their_order():
    model = built(RecurrentReader(stack, attention=AdditiveAttention))
    scores, looks = model(batch())
    for row, one in enumerate(QUESTIONS):
        ids = [word for text in (*one.story, one.question) for word in words_of(text)]
        hidden, _ = model.backbone(model.embedding(torch.tensor([ids])), torch.tensor([len(ids)]))
        context, weights = model.attention(hidden[:, -1], model.attention.prepare(hidden, torch.tensor([len(ids)])))
        torch.testing.assert_close(model.output(torch.cat([hidden[:, -1], context], 1))[0], scores[row])
        starts = [0]
        for text in one.story:
            starts.append(starts[-1] + len(words_of(text)))
        sums = [weights[0, a:b].sum() for a, b in itertools.pairwise(starts)]
        torch.testing.assert_close(looks[row, 0, : len(one.story)], torch.stack(sums))


def margins(scores, right, margin):
    return sum(max(0.0, margin - scores[right] + score) for i, score in enumerate(scores) if i != right)


@torch.no_grad()
def test_the_supervised_network_loses_by_its_margins():
    model = built(SupervisedMemory(hops=2, size=SIZE, margin=0.3))
    total = 0.0
    for one in QUESTIONS:
        asked, told = model.words[:, :SIZE], model.words[:, SIZE:]
        q = asked[words_of(one.question)].sum(0)
        ages = [len(one.story) - 1 - i for i in range(len(one.story))]
        both = [told[words_of(text)].sum(0) + model.times[age] for text, age in zip(one.story, ages, strict=True)]
        keys = [*(row[:SIZE] for row in both), model.enough]
        wanted = [*one.supporting, len(one.story)][:2] if one.supporting else []
        for right in wanted:
            total += margins([float(q @ key) for key in keys], right, 0.3)
            if right < len(one.story):
                q = q + both[right][SIZE:]
        total += margins([float(q @ row) for row in model.output], ANSWERS.index(one.answer), 0.3)
    assert float(model.loss(batch()).total) == pytest.approx(total, rel=1e-9)


def test_the_supervised_network_learns_where_to_look():
    model = built(SupervisedMemory(size=SIZE))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(batch()).total.backward()
        optimizer.step()
    answers = model.answer(QUESTIONS)
    assert [one.text for one in answers] == [one.answer for one in QUESTIONS]
    second = answers[1].looks
    assert second == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


def test_noise_is_for_training_alone():
    model = built(EndToEndMemory(size=SIZE, noise=0.9))
    still = model(batch()).scores
    assert torch.equal(still, model(batch()).scores)
    model.train()
    assert not torch.equal(still, model(batch()).scores)


def test_the_most_frequent_answer_of_each_task():
    model = built(FrequentAnswer())
    model.counts = torch.tensor([[2, 0, 0, 1], [1, 3, 0, 0], [3, 3, 0, 1]])
    scores = model(batch([0, 2])).scores.softmax(1)
    torch.testing.assert_close(scores[0], torch.tensor([3, 1, 1, 2], dtype=torch.float64) / 7)
    assert scores[1].argmax() == 1
    other = stories([QUESTIONS[0]._replace(task="9")])([0], 0)
    assert model(other).scores[0].softmax(0)[0] == pytest.approx(4 / 11)


def test_the_answer_mentioned_last():
    model = built(LastMentioned())
    model.counts = torch.tensor([[3, 0, 0, 1], [1, 1, 1, 0], [4, 1, 1, 1]])
    said = [ANSWERS[i] for i in model(batch()).scores.argmax(1).tolist()]
    # In the second story John is never told of, and "home" comes behind "milk".
    assert said == ["office", "home", "john", "home", "home"]
    nothing = stories([QUESTIONS[2]._replace(story=("Zoe slept.",))])([0], 0)
    torch.testing.assert_close(model(nothing).scores, FrequentAnswer.forward(model, nothing).scores)


def test_options_that_are_not_there():
    with pytest.raises(UserError, match="there is no tying 'adjacnt'"):
        EndToEndMemory(tying="adjacnt")
    with pytest.raises(UserError, match="there is no step 'words'"):
        RecurrentReader(step="words")


@torch.no_grad()
def test_the_softmax_comes_after_its_epochs_and_stays_in_the_checkpoint():
    model = built(EndToEndMemory(size=SIZE, linear_start=1))
    assert not model.attends
    linear = model(batch()).scores
    model.attends.fill_(True)
    assert not torch.equal(linear, model(batch()).scores)
    assert "attends" in model.state_dict()
    assert math.isclose(float(model(batch()).looks[0].sum()), model.hops, rel_tol=1e-9)
