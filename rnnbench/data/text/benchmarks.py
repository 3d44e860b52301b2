"""What people say about words: how alike two of them are, and which stands to a third as two others to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rnnbench.data.cards import BenchmarksInPackage, card_names, load_origin
from rnnbench.data.fetched.fetch import check_names, fetch, read_cached
from rnnbench.data.fingerprint import fingerprint
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import read_file, user_path

_KNOWN = ("wordsim353", "simlex999")
OWN = "similarity"
"""Name of pairs that are none of the well-known ones."""


class Pair(NamedTuple):
    """Two words and how alike they are."""

    first: str
    second: str
    score: float


class Question(NamedTuple):
    """``a : b = c : d``, of a section of such."""

    section: str
    a: str
    b: str
    c: str
    d: str


class Benchmarks(NamedTuple):
    """Questions about words."""

    pairs: dict[str, Sequence[Pair]]
    """By the name of their set: ``wordsim353``, ``simlex999``, or ``similarity``."""
    questions: Sequence[Question]

    def fingerprint(self) -> str:
        """A hash of all of it, of a few digits."""
        rows = {name: [{"pair": list(pair)} for pair in pairs] for name, pairs in self.pairs.items()}
        return fingerprint({**rows, "questions": [{"question": list(one)} for one in self.questions]})[:8]


NO_BENCHMARKS = Benchmarks({}, ())


def prepare_benchmarks(source: str) -> None:
    """Fetches what is missing, once on a machine.

    Args:
        source: A folder, or the name of a card.
    """
    if source in card_names():
        fetch(_origin(source), source)


def load_benchmarks(source: str) -> Benchmarks:
    """Reads pairs and questions.

    A file whose name begins with ``questions`` holds four words a line, and sections that begin with ``: name``, as
    word2vec's has them; any other ``.tsv``, ``.csv`` or ``.txt`` file two words and a number a line, parted by tabs,
    commas or spaces, with ``#`` before what is none.

    Args:
        source: A folder, or the name of a card, such as ``word_similarity``.

    Raises:
        UserError: There is no such folder or card, or a line is none of these.
    """
    pairs: dict[str, Sequence[Pair]] = {}
    questions: list[Question] = []
    for path, content in _files(source):
        if path.name.startswith("questions"):
            questions += _questions(split_lines(decode(content, path)), path)
            continue
        name = path.stem if path.stem in _KNOWN else OWN
        if name in pairs:
            raise UserError(f"there are two files of pairs besides {' and '.join(_KNOWN)}", where=path)
        pairs[name] = _pairs(split_lines(decode(content, path)), path)
    if not pairs and not questions:
        raise UserError(
            "there are no pairs and no questions",
            where=source,
            hint="wordsim353.tsv, simlex999.txt, questions-words.txt; or the card word_similarity, which fetches them",
        )
    return Benchmarks(pairs, questions)


def _files(source: str) -> Iterable[tuple[Path, bytes]]:
    folder = user_path(source, "data.benchmarks")
    if source in card_names() and not folder.is_dir():
        origin = _origin(source)
        return [(Path(member), read_cached(origin, member)) for member in origin.members]
    if not folder.is_dir():
        raise UserError(
            f"there is no folder or card of benchmarks {source!r}",
            where="data.benchmarks",
            hint=did_you_mean(source, card_names()),
        )
    found = sorted(path for path in folder.iterdir() if path.suffix in (".tsv", ".csv", ".txt"))
    return [(path, read_file(path)) for path in found]


def _origin(card: str) -> BenchmarksInPackage:
    _, origin = load_origin(card, BenchmarksInPackage)
    check_names(origin, card)
    return origin


def _pairs(lines: Sequence[str], path: Path) -> list[Pair]:
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.strip().split("\t" if "\t" in line else "," if "," in line else None)
        try:
            first, second, score = fields
            found.append(Pair(first.strip(), second.strip(), float(score)))
        except ValueError:
            raise UserError(
                f"two words and a number are needed, found {line.strip()!r}",
                where=f"{path}, line {number}",
                hint="begin the line with # if it is a heading",
            ) from None
    if len(found) < 2:
        raise UserError("there are not two pairs in it", where=path)
    return found


def _questions(lines: Sequence[str], path: Path) -> list[Question]:
    found, section = [], ""
    for number, line in enumerate(lines, start=1):
        if line.startswith(":"):
            section = line[1:].strip()
            continue
        words = line.split()
        if not words:
            continue
        if len(words) != 4:
            raise UserError(
                f"an analogy has four words, found {len(words)}: {line.strip()!r}",
                where=f"{path}, line {number}",
                hint="king queen man woman; sections begin with a colon",
            )
        found.append(Question(section, *words))
    if not found:
        raise UserError("there is no question in it", where=path)
    return found
