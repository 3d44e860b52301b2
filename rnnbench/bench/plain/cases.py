"""What is compared, where nobody says anything else."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rnnbench.cli.presets import config_path
from rnnbench.errors import UserError

CASES = (
    "text_generation/char_lstm",
    "text_generation/ptb_small --data.source.path={data}/ptb",
    # The shape of the medium LSTM of Zaremba 2014.
    "text_generation/ptb_small --data.source.path={data}/ptb --data.sequence_length=35"
    " --model.embedding_size=650 --model.backbone.hidden_size=650",
    "sentiment/imdb --data.source.path={data}/imdb",
    "labelling/generated_bilstm_crf",
    "speech/builtin",
    "translation/multi30k_attention --data.source.path={data}/multi30k/en-de",
    "captioning/builtin",
)
"""Presets with the options of ``rnnbench fit`` that they need; ``{data}`` is the folder of ``--data``."""

_DATA = "{data}"


class Case(NamedTuple):
    """A training to compare."""

    name: str
    """The preset and its options, but for places of data."""
    words: list[str]
    """All of them, as they stand behind ``rnnbench fit --config``."""
    absent: str | None
    """Why it cannot be had, if it cannot."""


def choose(texts: Sequence[str], data: Path | None) -> list[Case]:
    """The cases that are meant.

    Args:
        texts: Names of presets, which stand for all of `CASES` that begin so, or presets with options, as there; none
            for all.
        data: The folder of the data sets.

    Raises:
        UserError: There is no such preset.
    """
    known = {text: [one for one in CASES if one.split()[0] == text] for text in texts}
    wanted = [one for text in texts for one in known[text] or [text]] if texts else CASES
    return [_case(text, data) for text in wanted]


def _case(text: str, data: Path | None) -> Case:
    words = shlex.split(text)
    if not words:
        raise UserError("no preset is named", hint="such as text_generation/char_lstm")
    config_path(words[0])
    name = shlex.join(word for word in words if _DATA not in word)
    absent = None
    for i, word in enumerate(words):
        if _DATA in word:
            words[i] = word.replace(_DATA, str(data))
            path = Path(words[i].partition("=")[2])
            if data is None:
                absent = "its data are found by --data FOLDER"
            elif not path.exists():
                absent = f"there is no {word.partition('=')[2].replace(_DATA, 'FOLDER')}"
    return Case(name, words, absent)
