"""Data cards: what a data set is, where it comes from, and how large it has to be. Imports no torch."""

from rnnbench.data.cards.card import Card, Size
from rnnbench.data.cards.load import card_names, load_card, load_origin, names_card
from rnnbench.data.cards.origin import BenchmarksInPackage, Builtin, InPackage, OnHub, UserFiles, VectorsInPackage

__all__ = [
    "BenchmarksInPackage",
    "Builtin",
    "Card",
    "InPackage",
    "OnHub",
    "Size",
    "UserFiles",
    "VectorsInPackage",
    "card_names",
    "load_card",
    "load_origin",
    "names_card",
]
