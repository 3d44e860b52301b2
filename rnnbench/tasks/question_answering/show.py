"""What a run shows of its test split: scores by task, and some questions with where the model looked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnnbench.data.stories.question import Question
from rnnbench.examples import Example, Line, Piece, plain
from rnnbench.safe_files import csv_text, replace_text
from rnnbench.tasks.base.pictures import record_picture
from rnnbench.tasks.question_answering.metrics import TaskScore
from rnnbench.tasks.question_answering.model import Answer, QuestionModel
from rnnbench.tasks.question_answering.pictures import BY_TASK, HOPS, Looked, draw_by_task, draw_hops

TABLE = "by_task.csv"
VALIDATION_TABLE = "validation_by_task.csv"
_EXAMPLES = 8
_DRAWN = 3
# Of longer stories there are enough short ones of the same task.
_MOST_SENTENCES = 16


def write_table(path: Path, scores: Sequence[TaskScore]) -> None:
    """Writes a table with a line for each task: its error, where each hop looked, and whether all was found.

    Args:
        path: The file to write.
        scores: Of each task.
    """
    hops = max(len(score.hops) for score in scores)
    rows = [["task", "questions", "error", *(f"hop_{hop + 1}" for hop in range(hops)), "supporting"]]
    for score in scores:
        shares = [*(score.hops or [float("nan")] * hops), score.supporting]
        rows.append([score.task, str(score.questions), *map(repr, [score.error, *shares])])
    replace_text(path, csv_text(rows))


def record_tasks(model: QuestionModel) -> None:
    """Writes the scores of each task into the run folder, and draws them; and where the hops look.

    Args:
        model: A model that was tested just now.
    """
    folder = Path(model.trainer.default_root_dir)
    scores = model.scores.by_task
    write_table(folder / TABLE, scores)
    draw_by_task(folder / BY_TASK, scores)
    record_picture(model.trainer, BY_TASK)
    # Several supporting sentences tell most about hops.
    chosen = sorted(_chosen(model), key=lambda one: -len(one.supporting))[:_DRAWN]
    looked = [
        Looked(f"{one.question} {answer.text}", one.story, answer.looks, one.supporting)
        for one, answer in zip(chosen, model.answer(chosen), strict=True)
        if answer.looks
    ]
    if looked:
        draw_hops(folder / HOPS, looked)
        record_picture(model.trainer, HOPS)


def examples_of(model: QuestionModel) -> list[Example]:
    """Questions of different tasks with the answers; sentences are coloured by how much the last hop looks at them.

    Args:
        model: A model that was tested just now.
    """
    chosen = _chosen(model)
    return [_example(one, answer) for one, answer in zip(chosen, model.answer(chosen), strict=True)]


def _chosen(model: QuestionModel) -> list[Question]:
    """The first short question of each task, and then the next ones."""
    of_task: dict[str, list[Question]] = {}
    for one in model.data.originals["test"]:
        if len(one.story) <= _MOST_SENTENCES:
            of_task.setdefault(one.task, []).append(one)
    rounds = (of[number] for number in range(_EXAMPLES) for of in of_task.values() if number < len(of))
    return [one for one, _ in zip(rounds, range(_EXAMPLES), strict=False)]


def _example(question: Question, answer: Answer) -> Example:
    pieces = []
    for place, sentence in enumerate(question.story):
        weights = [hop[place] for hop in answer.looks]
        label = ", ".join(f"hop {hop} {weight:.2f}" for hop, weight in enumerate(weights, start=1))
        pieces.append(Piece(f"{sentence} ", label, max(weights, default=0.0), 0))
    return (
        plain("task", question.task),
        Line("story", tuple(pieces)),
        plain("question", question.question),
        plain("answer", question.answer),
        plain("model", answer.text),
    )
