"""Sentiment analysis: a class for every text."""

from rnnbench.tasks.sentiment.baselines.average import AverageClassifier
from rnnbench.tasks.sentiment.baselines.majority import MajorityClassifier
from rnnbench.tasks.sentiment.baselines.snownlp_bayes import SnowNLPClassifier
from rnnbench.tasks.sentiment.baselines.tfidf import TfidfClassifier
from rnnbench.tasks.sentiment.data import SentimentData
from rnnbench.tasks.sentiment.models.recurrent import RecurrentClassifier

__all__ = [
    "AverageClassifier",
    "MajorityClassifier",
    "RecurrentClassifier",
    "SentimentData",
    "SnowNLPClassifier",
    "TfidfClassifier",
]
