"""Small stories of two tasks, encoded."""

import torch

from rnnbench.data.stories.question import Question
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.tasks.question_answering.data import encode
from rnnbench.tasks.question_answering.reading import bare

_TOLD = [
    ("1", "Mary went home. John went to the office.", "Where is Mary?", "home", (0,)),
    ("2", "Mary took the milk there. Mary went home. Mary slept.", "Where is the milk?", "home", (0, 1)),
    ("2", "John slept.", "Who slept?", "john", (0,)),
    ("1", "John went home. John went to the office. Mary slept. Mary went home.", "Where is John?", "office", (1,)),
    ("1", "Mary went home. Mary went home.", "Where is Mary?", "home", ()),
]
QUESTIONS = [Question(task, tuple(story.split(". ")), *rest) for task, story, *rest in _TOLD]
TASKS = ["1", "2"]
ANSWERS = ["home", "john", "milk", "office"]


def encoder():
    texts = [bare(text) for one in QUESTIONS for text in (*one.story, one.question)]
    return TextEncoder.train("english", texts, lowercase=True)


def stories(questions=QUESTIONS):
    return encode(questions, encoder(), ANSWERS, TASKS)


def built(model, tasks=TASKS):
    """A model with weights, in double precision, that is not in training."""
    torch.manual_seed(3)
    model.use_spec({"encoder": encoder().state(), "answers": ANSWERS, "tasks": tasks})
    return model.double().eval()


def words_of(text):
    """Ids of a sentence."""
    return encoder().encode(bare(text)).tolist()
