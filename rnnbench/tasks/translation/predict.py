"""Translating text with a trained model: what ``rnnbench predict --run RUN`` does for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.decode.beam import Beam
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.tasks.base.texts import chosen_beam, unknown_words
from rnnbench.tasks.translation.model import TranslationModel
from rnnbench.tasks.translation.pictures import Item, draw
from rnnbench.tasks.translation.search import Ensemble

_TEXTS_AT_ONCE = 1024


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="the translation; or JSON with all translations of a line and their scores (default: text)",
    )
    parser.add_argument(
        "--beam-size", type=int, metavar="K", help="hypotheses at a time; 1 is greedy (default: model's)"
    )
    parser.add_argument("--length-penalty", type=float, metavar="A", help="0 prefers short translations (model's)")
    parser.add_argument("--coverage-penalty", type=float, metavar="B", help="punishes what was not looked at (model's)")
    parser.add_argument("--max-length", type=int, metavar="N", help="most tokens of a translation (default: model's)")
    parser.add_argument(
        "--nbest",
        type=int,
        metavar="N",
        help="the N best translations of each line: number of the line, score and text, parted by tabs",
    )
    parser.add_argument(
        "--sample", type=float, metavar="T", help="draw a translation at temperature T rather than search for the best"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the drawing (default: 1)")
    parser.add_argument(
        "--replace-unknown",
        action="store_true",
        help="copy the source word that was attended to most in the place of <unk>",
    )
    parser.add_argument(
        "--alignments",
        metavar="FILE",
        help="draw what each token of a translation attended to, for the first lines, as many as a page holds",
    )


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
    beam = _beam(ensemble, arguments)
    for option, wanted in (("--alignments", arguments.alignments), ("--replace-unknown", arguments.replace_unknown)):
        if wanted and not ensemble.attends:
            raise UserError("this model attends to nothing", where=option, hint="models with attention can")
    sampling = None if arguments.sample is None else _sampling(arguments)
    pictures: list[Item] = []
    first = 0
    for part in in_parts(lines, arguments.batch_size or _TEXTS_AT_ONCE):
        texts = [text for text, _ in part]
        translated = ensemble.translate(
            texts,
            beam,
            arguments.max_length,
            bool(arguments.alignments),
            arguments.replace_unknown,
            sampling,
            first,
        )
        for number, (text, found) in enumerate(zip(texts, translated, strict=True), start=first + 1):
            pictures += [one.as_picture() for one in found[:1] if one.attention is not None]
            if arguments.format == "json":
                yield json_line(
                    {"text": text, "translations": [{"text": one.text, "score": one.score} for one in found]}
                )
            elif arguments.nbest is None:
                yield found[0].text + "\n"
            else:
                yield "".join(f"{number}\t{one.score:.4f}\t{one.text}\n" for one in found)
        first += len(part)
    if arguments.alignments:
        draw(Path(arguments.alignments), pictures)


def warnings(model: TranslationModel | Ensemble, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what of it the model has never seen."""
    encoder = model.source_encoder
    nothing = [f"{where}: none of it is in the vocabulary" for text, where in lines if encoder.knows_nothing(text)]
    missing = dict.fromkeys(token for text, _ in lines for token in encoder.missing(text))
    return [*nothing, *unknown_words(list(missing))]


def _beam(ensemble: Ensemble, arguments: argparse.Namespace) -> Beam:
    """The model's way to search, with what the options say."""
    beam = chosen_beam(ensemble.models[0].beam, arguments)
    if beam.coverage_penalty and not ensemble.attends:
        raise UserError("this model attends to nothing", where="--coverage-penalty", hint="leave it at 0")
    return beam


def _sampling(arguments: argparse.Namespace) -> Sampling:
    given = {"nbest": arguments.nbest, "alignments": arguments.alignments, "replace-unknown": arguments.replace_unknown}
    for name, value in given.items():
        if value:
            raise UserError("goes with a search for the best translation alone", where=f"--{name}", hint="no --sample")
    return Sampling(temperature=arguments.sample, seed=arguments.seed)
