"""Regular expressions as automata, by derivatives.

    D_a(r) is what may still come after a word of r began with a;
    D_a(rs) = D_a(r) s, and D_a(s) besides where r may be empty;   D_a(r|s) = D_a(r) | D_a(s);   D_a(r*) = D_a(r) r*

J. A. Brzozowski, Derivatives of Regular Expressions, Journal of the ACM 1964. The states of the automaton are the
expressions that derivatives lead to. They are found one by one, so that an expression whose automaton would be too
large is refused at once; libraries without this limit hang on ``(a|b)*a(a|b){20}``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnnbench.data.automata.automaton import Automaton, explored
from rnnbench.errors import UserError

_MOST_REPEATS = 200
_SPECIAL = "()[]{}|*+?.\\^$"
_WHERE = "--data.source.expression"


@dataclass(frozen=True)
class _Set:
    """One symbol of some; without symbols no word at all."""

    symbols: frozenset[str]


@dataclass(frozen=True)
class _Empty:
    """The word without symbols."""


@dataclass(frozen=True)
class _Then:
    first: _Expression
    rest: _Expression


@dataclass(frozen=True)
class _Either:
    parts: frozenset[_Expression]


@dataclass(frozen=True)
class _Star:
    part: _Expression


_Expression = _Set | _Empty | _Then | _Either | _Star
_NOTHING = _Set(frozenset())
_EMPTY = _Empty()


def automaton_of(expression: str, symbols: Sequence[str] | None = None) -> Automaton:
    r"""The least automaton that says ``yes`` of the words of an expression and ``no`` of all others.

    Args:
        expression: Characters stand for themselves; ``.`` is any symbol, ``[ab]``, ``[a-d]`` and ``[^a]`` one of some;
            ``|``, ``*``, ``+``, ``?``, ``{2}``, ``{2,}``, ``{2,5}`` and brackets are as everywhere, and ``\`` takes
            the meaning from the character after it.
        symbols: The symbols, a character each; None for those that the expression names.

    Raises:
        UserError: The expression is none; names a symbol that is none; its automaton is too large; or it has no word,
            or every word, so that there is nothing to be learned.
    """
    alphabet = tuple(symbols) if symbols is not None else _named(expression)
    if not alphabet:
        raise UserError(
            "the expression names no symbol", where=_WHERE, hint="name the symbols, too: --data.source.symbols ab"
        )
    start = _Parser(expression, alphabet).parse()
    found = explored(
        start, alphabet, _derivative, lambda state: "yes" if _may_be_empty(state) else "no", where=_WHERE
    ).minimal()
    if len(found.outputs) == 1:
        which = "every word" if found.outputs[0] == "yes" else "no word"
        raise UserError(
            f"{expression!r} has {which} over the symbols {', '.join(alphabet)}: there is nothing to tell apart",
            where=_WHERE,
        )
    return found


def _named(expression: str) -> tuple[str, ...]:
    """The characters that stand for themselves, sorted."""
    parser = _Parser(expression, None)
    parser.parse()
    return tuple(sorted(parser.seen))


class _Parser:
    """Recursive descent, one method for each binding strength."""

    def __init__(self, text: str, alphabet: tuple[str, ...] | None) -> None:
        self._text = text
        self._at = 0
        self._alphabet = alphabet
        self.seen: set[str] = set()

    def parse(self) -> _Expression:
        found = self._either()
        if self._at < len(self._text):
            raise self._error(f"{self._text[self._at]!r} closes nothing")
        return found

    def _either(self) -> _Expression:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return _either(parts)

    def _sequence(self) -> _Expression:
        parts: list[_Expression] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated())
        found: _Expression = _EMPTY
        for part in reversed(parts):
            found = _then(part, found)
        return found

    def _repeated(self) -> _Expression:
        found = self._atom()
        while self._at < len(self._text) and self._text[self._at] in "*+?{":
            least, most = self._bounds()
            copies: _Expression = _star(found) if most is None else _EMPTY
            for _ in range(0 if most is None else most - least):
                copies = _either([_EMPTY, _then(found, copies)])
            for _ in range(least):
                copies = _then(found, copies)
            found = copies
        return found

    def _bounds(self) -> tuple[int, int | None]:
        mark = self._text[self._at]
        self._at += 1
        if mark != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        inside, closed, _ = self._text[self._at :].partition("}")
        low, comma, high = inside.partition(",")
        # Plain digits only: what else int() takes is no count.
        digits = [part for part in (low, high) if part]
        if not closed or not low or any(not (part.isascii() and part.isdigit()) for part in digits):
            raise self._error("{ needs a count such as {2}, {2,} or {2,5}")
        least = int(low)
        most = least if not comma else int(high) if high else None
        if max(least, most or 0) > _MOST_REPEATS:
            raise self._error(f"a count may be {_MOST_REPEATS} at most")
        if most is not None and most < least:
            raise self._error(f"{{{inside}}} counts backwards")
        self._at += len(inside) + 1
        return least, most

    def _atom(self) -> _Expression:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            found = self._either()
            if not self._take(")"):
                raise self._error("( is not closed")
            return found
        if character == "[":
            return self._one_of(self._class())
        if character == ".":
            return self._one_of(self._alphabet or ())
        if character == "\\":
            return self._one_of([self._escaped()])
        if character in _SPECIAL:
            self._at -= 1
            hint = {"^": "an expression is that of the whole word", "$": "an expression is that of the whole word"}
            raise self._error(
                f"{character!r} has nothing to stand for", hint.get(character, f"the character itself: \\{character}")
            )
        return self._one_of([self._known(character)])

    def _class(self) -> Iterable[str]:
        negated = self._take("^")
        found: set[str] = set()
        while not self._take("]"):
            low = self._in_class()
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._in_class()
                if high < low:
                    raise self._error(f"{low}-{high} counts backwards")
                inside = map(chr, range(ord(low), ord(high) + 1))
                found.update(self._known(one) for one in itertools.islice(inside, _MOST_REPEATS))
            else:
                found.add(self._known(low))
        return (one for one in self._alphabet or () if one not in found) if negated else found

    def _in_class(self) -> str:
        if self._at == len(self._text):
            raise self._error("[ is not closed")
        character = self._text[self._at]
        self._at += 1
        return self._escaped() if character == "\\" else character

    def _escaped(self) -> str:
        if self._at == len(self._text):
            raise self._error("nothing stands behind \\")
        character = self._text[self._at]
        if character.isalnum():
            raise self._error(f"\\{character} means nothing here", "name the symbols: [abc]")
        self._at += 1
        return self._known(character)

    def _known(self, character: str) -> str:
        if self._alphabet is not None and character not in self._alphabet:
            raise self._error(f"{character!r} is none of the symbols {', '.join(self._alphabet)}")
        self.seen.add(character)
        return character

    def _one_of(self, symbols: Iterable[str]) -> _Expression:
        return _Set(frozenset(symbols))

    def _take(self, character: str) -> bool:
        found = self._text[self._at : self._at + 1] == character
        self._at += found
        return found

    def _error(self, problem: str, hint: str | None = None) -> UserError:
        return UserError(f"{problem}, at character {self._at + 1} of {self._text!r}", where=_WHERE, hint=hint)


# Expressions that are equal but for brackets, order or repetition are made the same: else derivatives never end. ------


def _then(first: _Expression, rest: _Expression) -> _Expression:
    if _NOTHING in (first, rest):
        return _NOTHING
    if first == _EMPTY:
        return rest
    if rest == _EMPTY:
        return first
    if isinstance(first, _Then):
        return _then(first.first, _then(first.rest, rest))
    return _Then(first, rest)


def _either(parts: Iterable[_Expression]) -> _Expression:
    flat: set[_Expression] = set()
    symbols: frozenset[str] = frozenset()
    for part in parts:
        for one in part.parts if isinstance(part, _Either) else (part,):
            if isinstance(one, _Set):
                symbols |= one.symbols
            else:
                flat.add(one)
    if symbols:
        flat.add(_Set(symbols))
    if not flat:
        return _NOTHING
    return next(iter(flat)) if len(flat) == 1 else _Either(frozenset(flat))


def _star(part: _Expression) -> _Expression:
    if part in (_NOTHING, _EMPTY):
        return _EMPTY
    return part if isinstance(part, _Star) else _Star(part)


@functools.cache
def _may_be_empty(expression: _Expression) -> bool:
    if isinstance(expression, _Then):
        return _may_be_empty(expression.first) and _may_be_empty(expression.rest)
    if isinstance(expression, _Either):
        return any(map(_may_be_empty, expression.parts))
    return not isinstance(expression, _Set)


def _derivative(expression: _Expression, symbol: str) -> _Expression:
    if isinstance(expression, _Set):
        return _EMPTY if symbol in expression.symbols else _NOTHING
    if isinstance(expression, _Empty):
        return _NOTHING
    if isinstance(expression, _Either):
        return _either([_derivative(part, symbol) for part in expression.parts])
    if isinstance(expression, _Star):
        return _then(_derivative(expression.part, symbol), expression)
    found = _then(_derivative(expression.first, symbol), expression.rest)
    return _either([found, _derivative(expression.rest, symbol)]) if _may_be_empty(expression.first) else found
