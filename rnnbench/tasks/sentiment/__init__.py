"""Sentiment analysis: a class for every text."""

from rnnbench.tasks.sentiment.average import AverageClassifier
from rnnbench.tasks.sentiment.data import SentimentData
from rnnbench.tasks.sentiment.majority import MajorityClassifier
from rnnbench.tasks.sentiment.recurrent import RecurrentClassifier
from rnnbench.tasks.sentiment.snownlp_bayes import SnowNLPClassifier
from rnnbench.tasks.sentiment.tfidf import TfidfClassifier

__all__ = [
    "AverageClassifier",
    "MajorityClassifier",
    "RecurrentClassifier",
    "SentimentData",
    "SnowNLPClassifier",
    "TfidfClassifier",
]
