"""Stories: those of files, and those of our own grammar, whose supporting sentences are enough to answer."""

import re

import pytest

from rnnbench.data import Babi, GeneratedStories
from rnnbench.data.stories.question import question_of
from rnnbench.errors import UserError

STORY = """1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary?\tbathroom\t1
4 Mary took the ball.
5 What is Mary carrying?\tball,milk\t4 1
1 Anna slept.
2 Who slept?\tAnna\t1
"""


def folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.txt").write_text(text)
    return str(tmp_path)


class TestBabi:
    def test_a_story_is_what_stands_before_the_question(self, tmp_path):
        source = Babi(folder(tmp_path, qa1_single_train=STORY * 10, qa1_single_test=STORY))
        first, second, third = source.rows("test")
        assert first == {
            "task": "1",
            "story": ["Mary moved to the bathroom.", "John went to the hallway."],
            "question": "Where is Mary?",
            "answer": "bathroom",
            "supporting": [0],
        }
        # The first question is no sentence of the story, and its line is not counted.
        assert second["story"][2:] == ["Mary took the ball."]
        assert (second["answer"], second["supporting"]) == ("ball,milk", [2, 0])
        assert third["story"] == ["Anna slept."]
        assert source.place("test", 2).endswith("qa1_single_test.txt, line 7")

    def test_the_last_stories_are_for_validation(self, tmp_path):
        source = Babi(folder(tmp_path, qa1_single_train=STORY * 10, qa1_single_test=STORY))
        assert (len(source.rows("train")), len(source.rows("validation"))) == (3 * 9, 3)
        assert source.rows("train") + source.rows("validation") == source.rows("test") * 10

    def test_validation_of_its_own(self, tmp_path):
        source = Babi(folder(tmp_path, qa1_train=STORY * 2, qa1_valid=STORY, qa2_test=STORY))
        assert (len(source.rows("train")), len(source.rows("validation"))) == (6, 3)
        assert {row["task"] for row in source.rows("test")} == {"2"}

    @pytest.mark.parametrize(
        ("text", "problem", "line"),
        [
            ("Mary went.\n", "a line begins with its number", 1),
            (f"{'1' * 5000} Mary went.\n", "a line begins with its number", 1),
            (f"1 Mary went.\n2 Where is Mary?\thome\t{'1' * 5000}\n", "supporting lines are numbers", 2),
            ("1 Mary went.\n3 Where is Mary?\thome\t1\n", "line number 3 follows 1", 2),
            ("1 Where is Mary?\thome\t1\n", "supporting line 1 is no sentence", 1),
            ("1 Mary went.\n2 Where is Mary?\n", "a question has no answer", 2),
            ("1 Mary went.\n2 Where is Mary?\thome\tone\n", "supporting lines are numbers", 2),
            ("1 ...\n", "no word on the line", 1),
        ],
    )
    def test_a_line_that_is_not_written_so(self, text, problem, line, tmp_path):
        source = Babi(folder(tmp_path, qa1_train=text))
        with pytest.raises(UserError, match=problem) as raised:
            source.rows("train")
        assert str(raised.value.where).endswith(f"qa1_train.txt, line {line}")

    def test_no_files(self, tmp_path):
        with pytest.raises(UserError, match="there is no file of train"):
            Babi(str(tmp_path)).rows("train")
        with pytest.raises(UserError, match="there is no such folder"):
            Babi(str(tmp_path / "nowhere")).rows("train")


ROW = {"story": ["A came.", "B went."], "question": "Who came?", "answer": "A"}


class TestRow:
    def read(self, **columns):
        return question_of({**ROW, **columns}, lambda: "row 7")

    def test_forms(self):
        assert self.read() == ("1", ("A came.", "B went."), "Who came?", "A", ())
        assert self.read(story="A came.\n\nB went.\n").story == ("A came.", "B went.")
        assert self.read(answer=["A", "B"], supporting=[1, 0, 1], task=3)[3:] == ("A,B", (1, 0))
        assert self.read(answer=3).answer == "3"

    @pytest.mark.parametrize(
        ("columns", "problem"),
        [
            ({"story": []}, "the story has no sentence"),
            ({"story": "\n"}, "the story has no sentence"),
            ({"story": ["A came.", "!"]}, "sentence 1 of the story has no word"),
            ({"story": 3}, "neither a list of sentences nor a text"),
            ({"question": "?"}, "the question has no word"),
            ({"answer": None}, "the answer has no word"),
            ({"supporting": [2]}, "supporting sentence 2 is none of the 2"),
            ({"supporting": ["0"]}, "no list of numbers"),
            ({"supporting": 0}, "no list of numbers"),
        ],
    )
    def test_what_is_wrong_is_said(self, columns, problem):
        with pytest.raises(UserError, match=problem) as raised:
            self.read(**columns)
        assert raised.value.where == "row 7"

    @pytest.mark.parametrize("column", ["story", "question", "answer"])
    def test_a_column_is_missing(self, column):
        with pytest.raises(UserError, match=f"there is no {column}"):
            question_of({name: value for name, value in ROW.items() if name != column}, lambda: "row 7")


def answered(row):
    """The answer by the supporting sentences alone, read as a person would."""
    told = [row["story"][place] for place in row["supporting"]]
    carried, places, words = [], {}, row["question"].rstrip("?").split()
    for sentence in sorted(told, key=row["story"].index):
        if found := re.match(r"(\w+) (?:walked|ran|hurried|went back) to the (\w+)", sentence):
            places[found[1]] = found[2]
        elif found := re.match(r"(\w+) (?:took|picked up|fetched) the (\w+)", sentence):
            carried.append(found[2])
        elif (found := re.match(r"(\w+) (?:put down|left|dropped) the (\w+)", sentence)) and found[2] in carried:
            carried.remove(found[2])
    if row["task"] in ("one_fact", "two_facts"):
        return next(iter(places.values()))
    if row["task"] == "yes_no":
        return "yes" if places[words[1]] == words[-1] else "no"
    if row["task"] == "counting":
        return ("none", "one", "two", "three", "four")[len(carried)]
    if row["task"] == "lists":
        return ",".join(carried) or "nothing"
    kind, fear = told[0].rstrip(".").split()[-1], told[1].rstrip(".").split()
    assert fear[0].lower().startswith(kind)
    return {"bears": "bear", "foxes": "fox", "hares": "hare", "owls": "owl"}[fear[-1]]


class TestGenerated:
    def test_the_answer_follows_from_the_supporting_sentences(self):
        for row in GeneratedStories(train=600, held_out=60).rows("train"):
            assert row["supporting"]
            assert answered(row) == row["answer"], row

    def test_kinds_in_turn_and_no_story_twice(self):
        source = GeneratedStories(train=120, held_out=60)
        rows = [row for split in ("train", "validation", "test") for row in source.rows(split)]
        assert [row["task"] for row in rows[:3]] == ["one_fact", "two_facts", "yes_no"]
        assert len({(*row["story"], row["question"]) for row in rows}) == len(rows)
        assert max(len(row["story"]) for row in rows) <= 8

    def test_more_training_leaves_the_others_as_they_are(self):
        small, large = GeneratedStories(train=12, held_out=30), GeneratedStories(train=60, held_out=30)
        assert small.rows("test") == large.rows("test")

    def test_bad_options(self):
        with pytest.raises(UserError, match="there is no kind 'two_fact'"):
            GeneratedStories(kinds=["two_fact"])
        with pytest.raises(UserError, match="no kind is named"):
            GeneratedStories(kinds=[])
