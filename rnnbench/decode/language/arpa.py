"""ARPA files: n-gram models with back-off as text, in the form of SRILM, KenLM and others."""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from rnnbench.decode.language.backoff import BackoffModel
from rnnbench.errors import UserError
from rnnbench.reading import check_file, reading

_LN_10 = math.log(10)
# What such files write for a probability of zero.
_LEAST = -99.0
_COUNT = re.compile(r"ngram\s+(\d+)\s*=\s*(\d+)")
_SECTION = re.compile(r"\\(\d+)-grams:")


def read_arpa(path: Path) -> BackoffModel:
    r"""Reads an ARPA file, which may be compressed by gzip (``.gz``).

    Its form is::

        \data\
        ngram 1=<number of 1-grams>
        ...
        \1-grams:
        <log10 probability> <token> [<log10 back-off weight>]
        ...
        \2-grams:
        <log10 probability> <token> <token> [<log10 back-off weight>]
        ...
        \end\

    Args:
        path: The file.

    Raises:
        UserError: It is no such file; the error names the line.
    """
    check_file(path)
    with (
        reading(path, "is no ARPA file"),
        gzip.open(path, "rt", encoding="utf-8", newline="\n")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="\n") as file,
    ):
        return _Reader(file, path).read()


class _Reader:
    """Reads one file, and knows at which line it is."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._line = 0
        self._tokens: list[str] = []
        self._ids: dict[str, int] = {}
        self._keys: list[np.ndarray] = []

    def read(self) -> BackoffModel:
        lines = self._lines()
        if next((line for line in lines if line == "\\data\\"), None) is None:
            raise self._error("has no line \\data\\", hint="an ARPA file starts with it")
        sizes: list[int] = []
        section = ""
        for section in lines:
            match = _COUNT.fullmatch(section)
            if not match:
                break
            if int(match[1]) != len(sizes) + 1:
                raise self._error(f"expected the number of {len(sizes) + 1}-grams, found {section}")
            sizes.append(int(match[2]))
        if not sizes:
            raise self._error(f"expected 'ngram 1=...', found {section}")
        log_probs, backoffs = [], []
        for order, size in enumerate(sizes, start=1):
            match = _SECTION.fullmatch(section)
            if not match or int(match[1]) != order:
                raise self._error(f"expected \\{order}-grams:, found {section}")
            values, weights, section = self._section(lines, order, size, longest=order == len(sizes))
            log_probs.append(values * _LN_10)
            backoffs.append(weights * _LN_10)
        if section != "\\end\\":
            raise self._error(f"expected \\end\\, found {section}")
        return BackoffModel(self._tokens, self._keys, log_probs, backoffs[:-1])

    def _section(
        self, lines: Iterator[str], order: int, size: int, longest: bool
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Log-probabilities and back-off weights of one order in the order of keys, and the line after them."""
        values, weights = np.empty(size), np.zeros(size)
        grams = np.empty((size, order), dtype=np.int64)
        places = np.empty(size, dtype=np.int64)  # the line of each, for errors
        count = 0
        line = ""
        for line in lines:
            fields = line.split()
            if line.startswith("\\") and len(fields) == 1:
                break
            if count == size:
                raise self._error(f"more than the {size:,} {order}-grams that \\data\\ announces")
            if len(fields) not in ((order + 1,) if longest else (order + 1, order + 2)):
                raise self._error(
                    f"expected a number, {order} token{'s' * (order > 1)}{' and' * (not longest)}"
                    f"{' perhaps a weight' * (not longest)}, found {len(fields)} fields"
                )
            values[count] = self._log_prob(fields[0])
            if len(fields) == order + 2:
                weights[count] = self._number(fields[-1])
            grams[count] = self._gram(fields[1 : order + 1])
            places[count] = self._line
            count += 1
        else:
            raise self._error("the file ends before \\end\\", hint="it may be cut off")
        if count < size:
            raise self._error(f"{count:,} {order}-grams, where \\data\\ announces {size:,}")
        if order == 1:
            return values, weights, line
        keys = self._key(grams, places)
        ranked = np.argsort(keys, kind="stable")
        keys = keys[ranked]
        if (twice := np.flatnonzero(keys[1:] == keys[:-1])).size:
            raise self._error("this n-gram was there before", line=int(places[ranked[twice[0] + 1]]))
        self._keys.append(keys)
        return values[ranked], weights[ranked], line

    def _gram(self, names: list[str]) -> list[int]:
        """Ids of the tokens of an n-gram; those of 1-grams are new."""
        if len(names) == 1:
            if names[0] in self._ids:
                raise self._error(f"the token {names[0]!r} was there before")
            self._ids[names[0]] = len(self._tokens)
            self._tokens.append(names[0])
        unknown = [name for name in names if name not in self._ids]
        if unknown:
            raise self._error(f"the token {unknown[0]!r} is not among the 1-grams")
        return [self._ids[name] for name in names]

    def _key(self, grams: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Keys of the n-grams (K, order), whose beginnings must be n-grams, too."""
        rows = grams[:, 0]
        for k in range(1, grams.shape[1]):
            wanted = rows * len(self._tokens) + grams[:, k]
            if k == grams.shape[1] - 1:
                return wanted
            rows = np.searchsorted(self._keys[k - 1], wanted)
            found = np.append(self._keys[k - 1], -1)[rows] == wanted
            if not found.all():
                raise self._error(
                    f"the first {k + 1} tokens of this n-gram are no n-gram of the file",
                    line=int(places[found.argmin()]),
                )
        raise AssertionError("an order of 2 or more")

    def _log_prob(self, text: str) -> float:
        number = self._number(text)
        if number > 0:
            raise self._error(f"a log10 probability is at most 0, found {text}")
        return max(number, _LEAST)

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise self._error(f"{text!r} is no number") from None
        if math.isnan(number) or number == math.inf:
            raise self._error(f"{text!r} is no number to calculate with")
        return number

    def _lines(self) -> Iterator[str]:
        """The lines that are not empty, without white space around them."""
        for line in self._file:
            self._line += 1
            if stripped := line.strip():
                yield stripped

    def _error(self, problem: str, hint: str | None = None, line: int | None = None) -> UserError:
        return UserError(problem, where=f"{self._path}, line {line or self._line}", hint=hint)


def write_arpa(model: BackoffModel, path: Path) -> None:
    """Writes a model as an ARPA file. A space as a token is written as ``<space>``.

    Args:
        model: The model. Its tokens hold no other white space; it begins and ends sentences with ``<s>`` and ``</s>``.
        path: The file.
    """
    names = ["<space>" if token == " " else token for token in model.tokens]
    for name in names:
        if not name or name.split() != [name]:
            raise UserError(f"the token {name!r} holds white space, which parts tokens in this file", where=path)
    grams = np.arange(len(names))[:, None]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\\data\\\n")
        file.writelines(f"ngram {k}={len(values)}\n" for k, values in enumerate(model.log_probs, start=1))
        for k, values in enumerate(model.log_probs, start=1):
            if k > 1:
                rows, last = np.divmod(model.keys[k - 2], len(names))
                grams = np.concatenate((grams[rows], last[:, None]), axis=1)
            weights = [f"\t{weight:.9g}" for weight in model.backoffs[k - 1] / _LN_10] if k < model.order else None
            file.write(f"\n\\{k}-grams:\n")
            for row, (gram, value) in enumerate(zip(grams.tolist(), values / _LN_10, strict=True)):
                weight = weights[row] if weights else ""
                file.write(f"{value:.9g}\t{' '.join(names[token] for token in gram)}{weight}\n")
        file.write("\n\\end\\\n")
