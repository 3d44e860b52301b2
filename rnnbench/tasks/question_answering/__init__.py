"""Question answering: a word for every question about a story."""

from rnnbench.tasks.question_answering.baselines.bag_of_words import BagOfWords
from rnnbench.tasks.question_answering.baselines.frequent import FrequentAnswer
from rnnbench.tasks.question_answering.baselines.last_mentioned import LastMentioned
from rnnbench.tasks.question_answering.data import QuestionData
from rnnbench.tasks.question_answering.models.end_to_end import EndToEndMemory
from rnnbench.tasks.question_answering.models.recurrent import RecurrentReader
from rnnbench.tasks.question_answering.models.supervised import SupervisedMemory

__all__ = [
    "BagOfWords",
    "EndToEndMemory",
    "FrequentAnswer",
    "LastMentioned",
    "QuestionData",
    "RecurrentReader",
    "SupervisedMemory",
]
