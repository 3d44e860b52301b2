"""Language models inside a search.

A search over tokens asks a `Fusion` what each next token is worth: `NGramFusion` where the language model knows the
tokens themselves, `WordFusion` where it knows words.
"""

from rnnbench.decode.language.arpa import read_arpa, write_arpa
from rnnbench.decode.language.backoff import BackoffModel
from rnnbench.decode.language.base import Fusion, LanguageModel, Outlook
from rnnbench.decode.language.tokens import NGramFusion
from rnnbench.decode.language.words import WordFusion

__all__ = [
    "BackoffModel",
    "Fusion",
    "LanguageModel",
    "NGramFusion",
    "Outlook",
    "WordFusion",
    "read_arpa",
    "write_arpa",
]
