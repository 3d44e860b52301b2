"""Scores against counting by hand; batches; and data that cannot be used."""

import json
import math

import numpy as np
import pytest
import torch
from a_batch import QUESTIONS, TASKS, encoder, stories, words_of

from rnnbench.data import Files, GeneratedStories
from rnnbench.errors import UserError
from rnnbench.tasks.question_answering import QuestionData
from rnnbench.tasks.question_answering.metrics import OTHER_TASKS, QuestionScores


def scored():
    """Six questions: three of task 1, two of task 2, one of a task that training does not have."""
    scores = QuestionScores()
    scores.tasks = TASKS
    nan = math.nan
    looks = torch.zeros(6, 2, 3)
    for row, (first, second) in enumerate([(0, 1), (0, 0), (2, 1), (1, 2), (0, 2), (1, 1)]):
        looks[row, 0, first] = looks[row, 1, second] = 1.0
    scores.update(
        ids=torch.tensor([5, 0, 1, 2, 3, 4]),
        task=torch.tensor([-1, 0, 0, 0, 1, 1]),
        right=torch.tensor([False, True, False, False, True, True]),
        nats=torch.tensor([nan, 0.1, 2.0, 3.0, 0.2, 0.7]),
        supporting=torch.tensor([[0, 1], [0, -1], [1, 2], [0, 1], [-1, -1], [1, -1]]),
        looks=looks,
    )
    return scores


class TestScores:
    def test_by_hand(self):
        values, questions = scored().compute()
        assert questions == 6
        assert values == pytest.approx(
            {
                "mean_error": (2 / 3 + 0 / 2) / 2,
                "failed_tasks": 1.0,
                "accuracy": 3 / 6,
                "cross_entropy": (0.1 + 2.0 + 3.0 + 0.2 + 0.7) / 5,
                "transfer_error": 1.0,
                # Questions 5 (0 and 1), 0 and 1 are found; 2 is not, 4 is; 3 has no supporting sentence.
                "supporting_accuracy": 4 / 5,
            }
        )

    def test_of_each_task(self):
        scores = scored()
        scores.compute()
        first, second, other = scores.by_task
        assert (first.task, first.questions, first.error) == ("1", 3, pytest.approx(2 / 3))
        assert first.hops == pytest.approx([1, 2 / 3])
        assert first.supporting == pytest.approx(2 / 3)
        assert (second.hops, second.supporting) == ([1.0, 1.0], 1.0)
        assert (other.task, other.error) == (OTHER_TASKS, 1.0)

    def test_what_each_question_adds_makes_the_leading_metric(self):
        scores = scored()
        values, _ = scores.compute()
        name, numbers, sums = scores.item_sums()
        assert (name, numbers.tolist()) == ("mean_error", list(range(6)))
        assert float(sums[:, 0].sum() / sums[:, 1].sum()) == pytest.approx(values[name])

    def test_a_model_that_does_not_look(self):
        scores = QuestionScores()
        scores.tasks = TASKS
        ones = torch.ones(2)
        scores.update(torch.arange(2), torch.zeros(2).long(), ones, ones, torch.zeros(2, 1).long(), None)
        assert scores.compute()[0] == {"mean_error": 0, "failed_tasks": 0, "accuracy": 1, "cross_entropy": 1}
        assert scores.by_task[0].hops == []


def test_a_batch_says_what_the_questions_say():
    numbers = [3, 1, 4]
    made = stories()(numbers, 0)
    known = encoder()
    told = 0
    for row, number in enumerate(numbers):
        one = QUESTIONS[number]
        sentences = [*(int(i) for i in made.story[row, : made.sizes[row]]), int(made.question[row])]
        for sentence, text in zip(sentences, (*one.story, one.question), strict=True):
            count = int(made.counts[sentence])
            assert made.words[sentence, :count].tolist() == words_of(text)
            assert made.words[sentence, count:].sum() == 0
            assert TASKS[made.owner[sentence]] == one.task
            told += count
        assert made.supporting[row].tolist() == [*one.supporting, -1, -1][: made.supporting.shape[1]]
        assert TASKS[made.task[row]] == one.task
    assert made.tokens == told
    assert made.words.flatten()[made.places].tolist() == [w for row in made.words.tolist() for w in row if w]
    # Each sentence of a task once, however often it occurs.
    texts = {(QUESTIONS[i].task, text) for i in numbers for text in (*QUESTIONS[i].story, QUESTIONS[i].question)}
    assert len(made.words) == len(texts)
    assert known.unknown not in made.words


def rows(count, **columns):
    """Rows of a file; a column is the same in all rows, or is made from their number."""
    found = []
    for i in range(count):
        row = {"story": [f"Mary went to place{i % 3}.", "John slept."], "question": "Where is Mary?"}
        row["answer"] = f"place{i % 3}"
        found.append(row | {name: value(i) if callable(value) else value for name, value in columns.items()})
    return found


def read(tmp_path, train, test=None, **options):
    for split, found in (("train", train), ("validation", train[:4]), ("test", test or train[:4])):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    data = QuestionData(Files(str(tmp_path)), **options)
    data.setup("fit")
    data.setup("test")
    return data


class TestData:
    def test_an_answer_that_training_does_not_have_is_wrong_and_told(self, tmp_path, capsys):
        data = read(tmp_path, rows(6), rows(3, answer=lambda i: "nowhere" if i == 1 else f"place{i % 3}"))
        assert data.splits["test"].answers.tolist() == [0, -1, 2]
        assert "test: 1 samples kept, an answer that training does not have" in capsys.readouterr().out

    def test_a_task_that_training_does_not_have(self, tmp_path):
        data = read(tmp_path, rows(6, task=1), rows(3, task=lambda i: i))
        assert data.known_tasks == ["1"]
        assert data.splits["test"].tasks.tolist() == [-1, 0, -1]

    def test_only_some_tasks(self, tmp_path):
        data = read(tmp_path, rows(8, task=lambda i: i % 2 + 1), tasks=[2])
        assert (data.known_tasks, len(data.splits["train"].answers)) == (["2"], 4)
        with pytest.raises(UserError, match="train has no task '7'; its tasks: 1, 2"):
            read(tmp_path, rows(8, task=lambda i: i % 2 + 1), tasks=[7])

    def test_the_first_questions_of_each_task(self, tmp_path):
        made = rows(60, task=lambda i: i % 2 + 1)
        data = read(tmp_path, made, questions=20)
        assert (len(data.splits["train"].answers), len(data.splits["validation"].answers)) == (36, 4)
        assert [one.task for one in data.originals["validation"]] == ["1", "2", "1", "2"]
        with pytest.raises(UserError, match="too few to have any for validation"):
            read(tmp_path, made, questions=9)

    def test_the_place_of_a_story_without_a_sentence(self, tmp_path):
        with pytest.raises(UserError, match="the story has no sentence") as raised:
            read(tmp_path, rows(6, story=lambda i: [] if i == 2 else ["Mary went."]))
        assert str(raised.value.where).endswith("train.jsonl, line 3")

    def test_one_answer_only(self, tmp_path):
        with pytest.raises(UserError, match="all questions of train have one answer, 'yes'"):
            read(tmp_path, rows(4, answer="yes"))

    def test_columns_of_other_names(self, tmp_path):
        made = [{"context": row.pop("story"), **row} for row in rows(6)]
        assert len(read(tmp_path, made, columns={"story": "context"}).splits["train"].answers) == 6
        with pytest.raises(UserError, match="there is no story"):
            read(tmp_path, made)

    def test_generated(self):
        data = QuestionData(GeneratedStories(train=60, held_out=12))
        data.setup("fit")
        assert data.known_tasks == ["lists", "yes_no", "counting", "one_fact", "deduction", "two_facts"]
        assert np.all(data.splits["train"].supporting.lengths > 0)

    @pytest.mark.data
    @pytest.mark.slow
    def test_babi(self, real_data):
        data = QuestionData(Files(str(real_data / "babi_en_10k")), questions=100)
        data.setup("test")
        assert len(data.splits["test"].answers) == 20_000
        assert (data.splits["test"].tasks == -1).sum() == 1000
