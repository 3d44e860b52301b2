"""Translating text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from rnnbench.data.lines import Line, LineStream
from rnnbench.errors import UserError
from rnnbench.tasks.base.pairs.predict import Answering, add_search_options
from rnnbench.tasks.base.pairs.search import Ensemble
from rnnbench.tasks.base.texts import unknown_words
from rnnbench.tasks.translation.model import TranslationModel


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    add_search_options(parser, "translation")


def combine(models: Sequence[TranslationModel]) -> Ensemble:
    """Several translators as one, for ``--run A --run B``."""
    return Ensemble(models)


def predict(
    model: TranslationModel | Ensemble, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace
) -> Iterator[str]:
    """Translates each line. Empty lines stay where they are.

    Args:
        model: A trained model, or several in one.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        The translations.
    """
    if not lines:
        raise UserError(
            "there is nothing to translate", where="rnnbench predict", hint="name a file with a sentence on each line"
        )
    ensemble = model if isinstance(model, Ensemble) else Ensemble([model])
    yield from Answering(ensemble, "translation").answers(lines, arguments)


def warnings(model: TranslationModel | Ensemble, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what of it the model has never seen."""
    encoder = model.source_encoder
    nothing = [f"{where}: none of it is in the vocabulary" for text, where in lines if encoder.knows_nothing(text)]
    missing = dict.fromkeys(token for text, _ in lines for token in encoder.missing(text))
    return [*nothing, *unknown_words(list(missing))]
