"""What `predict` answers: stories from files, questions from the keyboard."""

import argparse
import json

import pytest
from a_batch import TASKS, built

from rnnbench.errors import UserError
from rnnbench.tasks.question_answering import BagOfWords, EndToEndMemory
from rnnbench.tasks.question_answering.predict import predict, warnings


def asked(model, text, **options):
    """What is answered, and what is warned of."""
    arguments = argparse.Namespace(**{"format": "text", "story": None, "task": None, **options})
    lines = [(line, f"stdin, line {number}") for number, line in enumerate(text.split("\n"), start=1)]
    return "".join(predict(model, lines, arguments)), warnings(model, lines, arguments)


MEMORY = built(EndToEndMemory(size=6, hops=2))


def test_an_answer_and_where_each_hop_looked():
    out, told = asked(MEMORY, "Mary went home.\nJohn slept.\nWhere is Mary?\nWho slept?")
    first, *_ = out.splitlines()
    assert first.endswith("\tWhere is Mary?")
    answer = MEMORY.answer([_question(("Mary went home.", "John slept."), "Where is Mary?")])[0]
    assert first.split("\t")[:2] == [answer.text, f"{answer.probability:.4f}"]
    hops = [line for line in out.splitlines() if line.startswith("  hop")]
    assert len(hops) == 4
    most = max(range(2), key=answer.looks[0].__getitem__)
    assert hops[0].split("\t")[1:] == [f"{answer.looks[0][most]:.4f}", ("Mary went home.", "John slept.")[most]]
    assert told == []


def _question(story, question):
    from rnnbench.data.stories.question import Question

    return Question("1", story, question, "-", ())


@pytest.mark.parametrize("between", ["\n\n", "\n1 "], ids=["an empty line", "number 1"])
def test_a_new_story(between):
    out, _ = asked(MEMORY, f"1 Mary went home.{between}John slept.\n2 Who slept?\tJohn\t1", format="json")
    assert json.loads(out)["story"] == ["John slept."]


def test_a_number_is_one_of_a_line_only_before_it():
    long = "1" * 5000
    out, _ = asked(MEMORY, f"1 Mary has 3 apples.\n{long} John slept.\n2 Who has 3 apples?", format="json")
    found = json.loads(out)
    assert (found["story"], found["question"]) == (["Mary has 3 apples.", f"{long} John slept."], "Who has 3 apples?")


def test_nothing_asked_is_told():
    with pytest.raises(UserError, match="there is no question"):
        list(predict(MEMORY, [], argparse.Namespace(format="text", story=None, task=None)))


def test_a_story_from_a_file(tmp_path):
    (tmp_path / "story.txt").write_text("1 Mary went home.\n2 John slept.\n3 Who slept?\tJohn\t2\n")
    out, told = asked(
        MEMORY, "Where is Mary?\nMary slept.\nWho slept?", format="json", story=str(tmp_path / "story.txt")
    )
    assert [len(json.loads(line)["story"]) for line in out.splitlines()] == [2, 3]
    assert told == []
    (tmp_path / "story.txt").write_text("Who slept?\n")
    with pytest.raises(UserError, match="there is no sentence in it"):
        asked(MEMORY, "Who slept?", story=str(tmp_path / "story.txt"))


def test_a_question_without_a_story_and_words_nobody_knows():
    out, told = asked(MEMORY, "Where is Zoe?\nZoe slept.\nWhere is Zoe?")
    assert out.splitlines()[0] == "-\t-\tWhere is Zoe?"
    assert told == [
        "stdin, line 1: there is no sentence before the question, so no answer",
        "words that training does not have (1): 'zoe'",
    ]


def test_a_model_that_does_not_look():
    out, _ = asked(built(BagOfWords(hidden_size=5)), "Mary went home.\nWhere is Mary?")
    assert len(out.splitlines()) == 1


def test_weights_for_each_task_need_one():
    model = built(EndToEndMemory(size=6, per_task=True))
    with pytest.raises(UserError, match="weights of its own for each task"):
        asked(model, "Mary went home.\nWhere is Mary?")
    with pytest.raises(UserError, match="trained on no task '3'"):
        asked(model, "Mary went home.\nWhere is Mary?", task="3")
    answers = {asked(model, "Mary went home.\nWhere is Mary?", task=task)[0] for task in TASKS}
    assert len(answers) == 2
