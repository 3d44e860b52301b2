"""Replying to lines, and in a conversation: what ``rnnbench predict`` and ``rnnbench chat`` do for this application."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import fields

from rnnbench.data.lines import Line, LineStream, in_parts, json_line
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.tasks.base.pairs.predict import Answering, add_search_options
from rnnbench.tasks.base.pairs.search import Ensemble
from rnnbench.tasks.base.texts import unknown_words
from rnnbench.tasks.dialogue.model import DialogueModel, ReplyTask
from rnnbench.tasks.dialogue.mutual import Mutual
from rnnbench.tasks.dialogue.turns import Context, as_context

_AT_ONCE = 256
_TEMPERATURE = 0.7
_MMI_HELP = {
    "weight": "how much the run counts",
    "first": "with a language model, how many tokens from the beginning are punished",
    "reward": "for every token of a reply",
    "candidates": "replies from which one is chosen",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds this application's options."""
    add_search_options(parser, "reply")
    _add_mmi_options(parser)


def add_chat_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a conversation."""
    parser.add_argument("--seed", type=int, default=1, help="seed of the drawing (default: 1)")
    parser.add_argument("--max-length", type=int, metavar="N", help="most tokens of a reply (default: model's)")
    _add_mmi_options(parser)


def _add_mmi_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mmi",
        metavar="RUN",
        help="re-rank replies by this run: one of --data.turns 0 against dull ones, one of --data.reversed true for"
        " those that tell what was said",
    )
    for one in fields(Mutual):
        if one.name != "run":
            default = one.default
            parser.add_argument(
                f"--mmi-{one.name}",
                type=type(default),
                default=default,
                metavar="X",
                help=f"{_MMI_HELP[one.name]} (default: {default})",
            )


def predict(model: ReplyTask, lines: Sequence[Line] | LineStream, arguments: argparse.Namespace) -> Iterator[str]:
    """Replies to each line: turns parted by tabs, the last one of them to be replied to.

    Args:
        model: A trained model.
        lines: Lines of the input.
        arguments: The parsed options.

    Yields:
        The replies.
    """
    if not lines:
        raise UserError(
            "there is nothing to reply to",
            where="rnnbench predict",
            hint="name a file with a turn on each line, perhaps after others and a tab",
        )
    if isinstance(model, DialogueModel):
        rerank = _mutual(arguments).make(model)
        candidates = arguments.mmi_candidates
        yield from Answering(Ensemble([model]), "reply", read_line, rerank, candidates).answers(lines, arguments)
        return
    _refuse_search(model, arguments)
    for part in in_parts(lines, arguments.batch_size or _AT_ONCE):
        for text, _ in part:
            context = read_line(text)
            reply = "".join(model.reply(context, Sampling())) if context else ""
            if arguments.format == "json":
                yield json_line({"text": text, "replies": [{"text": reply}]})
            else:
                yield f"{reply}\n"


def warnings(model: ReplyTask, lines: Sequence[Line], arguments: argparse.Namespace) -> list[str]:
    """What a user should know before reading the output: what of it the model has never seen."""
    encoder = model.words
    nothing = [f"{where}: none of it is in the vocabulary" for text, where in lines if encoder.knows_nothing(text)]
    missing = dict.fromkeys(token for text, _ in lines for turn in text.split("\t") for token in encoder.missing(turn))
    return [*nothing, *unknown_words(list(missing))]


def read_line(text: str) -> Context:
    """The turns of a line, the other speaker's last; nothing where none has a word."""
    return as_context(text.split("\t")) if text.strip() else ()


class Conversation:
    """Replies to what is said in turn, of which the model remembers as much as it was trained to.

    Args:
        model: A trained model.
        arguments: The options of `add_chat_options`.
    """

    def __init__(self, model: ReplyTask, arguments: argparse.Namespace) -> None:
        self._model = model
        self._seed = arguments.seed
        self._rerank = None
        self._candidates = arguments.mmi_candidates
        if arguments.max_length is not None and arguments.max_length < 1:
            raise UserError(f"must be at least 1, found {arguments.max_length}", where="--max-length")
        if isinstance(model, DialogueModel):
            self._rerank = _mutual(arguments).make(model)
            self._length = model.max_length if arguments.max_length is None else arguments.max_length
        else:
            self._length = 1
            if arguments.mmi:
                raise UserError("this model searches for no reply", where="--mmi", hint="leave it out")
        Sampling(seed=self._seed)
        self._temperature = _TEMPERATURE if self._rerank is None else 0.0

    @property
    def temperature(self) -> float:
        """At which replies are drawn; 0 takes the best one."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature = Sampling(value).temperature

    def reply(self, turns: Sequence[str]) -> Iterator[str]:
        """The reply to the last turn, piece by piece.

        Args:
            turns: What was said so far, by both in turn.
        """
        context, model = as_context(turns), self._model
        searches = isinstance(model, DialogueModel) and (self._rerank is not None or model.beam.size > 1)
        if self.temperature == 0 and searches:
            assert isinstance(model, DialogueModel)
            answering = Answering(Ensemble([model]), "reply", read_line, self._rerank, self._candidates)
            (found,) = answering.ensemble.write([context], answering.beam(_SEARCH), self._length, rerank=self._rerank)
            yield found[0].text
            return
        # Another turn draws other numbers.
        seed = (self._seed + len(turns)) % 2**32
        yield from model.reply(context, Sampling(self.temperature, length=self._length, seed=seed))


_SEARCH = argparse.Namespace(beam_size=None, length_penalty=None, coverage_penalty=None, nbest=None, max_length=None)


def _mutual(arguments: argparse.Namespace) -> Mutual:
    rest = {one.name: getattr(arguments, f"mmi_{one.name}") for one in fields(Mutual) if one.name != "run"}
    mutual = Mutual(arguments.mmi, **rest)
    mutual.check()
    return mutual


def _refuse_search(model: ReplyTask, arguments: argparse.Namespace) -> None:
    for name in ("mmi", "beam_size", "nbest", "sample", "alignments", "replace_unknown"):
        if getattr(arguments, name):
            raise UserError(
                f"{model.model_name()} searches for no reply", where=f"--{name.replace('_', '-')}", hint="leave it out"
            )
