"""What ``rnnbench predict --run RUN`` has in common where lines of text are answered by texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.decode.beam import Beam
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.tasks.base.pairs.pictures import Item, draw
from rnnbench.tasks.base.pairs.search import Ensemble, Rerank
from rnnbench.tasks.base.pictures import new_picture
from rnnbench.tasks.base.texts import chosen_beam

_TEXTS_AT_ONCE = 1024


def add_search_options(parser: argparse.ArgumentParser, name: str) -> None:
    """Adds the options of a search.

    Args:
        parser: The parser.
        name: What is written for a line: ``translation``.
    """
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help=f"the {name}; or JSON with every {name} of a line and its score (default: text)",
    )
    parser.add_argument(
        "--beam-size", type=int, metavar="K", help="hypotheses at a time; 1 is greedy (default: model's)"
    )
    parser.add_argument("--length-penalty", type=float, metavar="A", help=f"0 prefers a short {name} (model's)")
    parser.add_argument("--coverage-penalty", type=float, metavar="B", help="punishes what was not looked at (model's)")
    parser.add_argument("--max-length", type=int, metavar="N", help=f"most tokens of a {name} (default: model's)")
    parser.add_argument(
        "--nbest",
        type=int,
        metavar="N",
        help="the N best of each line: number of the line, score and text, parted by tabs",
    )
    parser.add_argument(
        "--sample", type=float, metavar="T", help=f"draw a {name} at temperature T rather than search for the best"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the drawing (default: 1)")
    parser.add_argument(
        "--replace-unknown",
        action="store_true",
        help="copy the word that was attended to most in the place of <unk>",
    )
    parser.add_argument(
        "--alignments",
        type=new_picture,
        metavar="FILE",
        help=f"draw what each token of a {name} attended to, for the first lines, as many as a page holds",
    )


@dataclass(frozen=True)
class Answering:
    """How lines are answered.

    Args:
        ensemble: Who answers.
        name: What is written for a line: ``translation``.
        read: Makes of a line what the models read.
        rerank: Has the last word on the order of what a search has found.
        candidates: How many are searched for then, where the options say nothing.
    """

    ensemble: Ensemble
    name: str
    read: Callable[[str], Any] = str
    rerank: Rerank | None = None
    candidates: int = 0

    def answers(self, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
        """Answers each line. Empty lines stay where they are.

        Args:
            lines: Lines of the input.
            arguments: The parsed options of `add_search_options`, and ``batch_size``.

        Yields:
            The answers as lines.
        """
        beam = self.beam(arguments)
        attends = self.ensemble.attends
        for option, wanted in (
            ("--alignments", arguments.alignments),
            ("--replace-unknown", arguments.replace_unknown),
        ):
            if wanted and not attends:
                raise UserError("this model attends to nothing", where=option, hint="models with attention can")
        sampling = None if arguments.sample is None else self._sampling(arguments)
        pictures: list[Item] = []
        first = 0
        for part in in_parts(lines, arguments.batch_size or _TEXTS_AT_ONCE):
            texts = [text for text, _ in part]
            written = self.ensemble.write(
                [self.read(text) for text in texts],
                beam,
                arguments.max_length,
                bool(arguments.alignments),
                arguments.replace_unknown,
                sampling,
                first,
                self.rerank,
            )
            for number, (text, found) in enumerate(zip(texts, written, strict=True), start=first + 1):
                pictures += [one.as_picture() for one in found[:1] if one.attention is not None]
                if arguments.format == "json":
                    told = [{"text": one.text, "score": one.score} for one in found]
                    yield json_line({"text": text, self._names: told})
                elif arguments.nbest is None:
                    yield found[0].text + "\n"
                else:
                    yield "".join(f"{number}\t{one.score:.4f}\t{one.text}\n" for one in found)
            first += len(part)
        if arguments.alignments:
            draw(arguments.alignments, pictures)

    def beam(self, arguments: argparse.Namespace) -> Beam:
        """The model's way to search, with what the options say."""
        model = self.ensemble.models[0].beam
        if self.rerank is not None and arguments.beam_size is None:
            arguments = argparse.Namespace(**{**vars(arguments), "beam_size": max(model.size, self.candidates)})
        beam = chosen_beam(model, arguments)
        if beam.coverage_penalty and not self.ensemble.attends:
            raise UserError("this model attends to nothing", where="--coverage-penalty", hint="leave it at 0")
        return beam

    @property
    def _names(self) -> str:
        return f"{self.name.removesuffix('y')}ies" if self.name.endswith("y") else f"{self.name}s"

    def _sampling(self, arguments: argparse.Namespace) -> Sampling:
        for option in ("nbest", "alignments", "replace_unknown"):
            if getattr(arguments, option):
                raise UserError(
                    f"goes with a search for the best {self.name} alone",
                    where=f"--{option.replace('_', '-')}",
                    hint="no --sample",
                )
        return Sampling(temperature=arguments.sample, seed=arguments.seed)
