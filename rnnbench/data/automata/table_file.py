"""An automaton as a table in a text file, a line for each state."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnnbench.data.automata.automaton import MOST_STATES, Automaton
from rnnbench.data.formats.text_file import decode, split_lines
from rnnbench.errors import UserError, did_you_mean
from rnnbench.reading import read_file

_HEAD = ("state", "output")
_HINT = "the first line: state output a b ...; then a line for each state, with the states that the symbols lead to"


def read_automaton(path: Path) -> Automaton:
    """Reads an automaton.

    ::

        # whether the number of a is even
        state  output  a     b
        even   yes     odd   even
        odd    no      even  odd

    Fields are parted by blanks. The state of the first line is the initial one. An output is any word; a language has
    ``yes`` and ``no``.

    Args:
        path: The file.

    Raises:
        UserError: It cannot be read, a state lacks a transition or has one too many, or leads to a state that is not
            there; names the line.
    """
    rows = [
        (number, line.split())
        for number, line in enumerate(split_lines(decode(read_file(path), path)), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows or tuple(rows[0][1][:2]) != _HEAD or len(rows[0][1]) < 3:
        raise UserError("there is no head", where=f"{path}, line {rows[0][0] if rows else 1}", hint=_HINT)
    symbols = rows.pop(0)[1][2:]
    if len(set(symbols)) < len(symbols):
        raise UserError("a symbol stands twice in the head", where=path)
    if not rows:
        raise UserError("there is no state", where=path, hint=_HINT)
    if len(rows) > MOST_STATES:
        raise UserError(f"{len(rows):,} states, and there may be {MOST_STATES:,}", where=path)
    numbers: dict[str, int] = {}
    for number, (line, fields) in enumerate(rows):
        if fields[0] in numbers:
            raise UserError(f"the state {fields[0]} stands there twice", where=f"{path}, line {line}")
        numbers[fields[0]] = number
    outputs = tuple(sorted({fields[1] for _, fields in rows if len(fields) > 1}, key=lambda name: (len(name), name)))
    following, output = [], []
    for line, fields in rows:
        where = f"{path}, line {line}"
        if len(fields) < 2:
            raise UserError(f"the state {fields[0]} has no output", where=where, hint=_HINT)
        if len(fields) - 2 < len(symbols):
            missing = symbols[len(fields) - 2]
            raise UserError(f"the state {fields[0]} has no transition for {missing}", where=where, hint=_HINT)
        if len(fields) - 2 > len(symbols):
            raise UserError(
                f"the state {fields[0]} has {len(fields) - 2} transitions for {len(symbols)} symbols", where=where
            )
        for symbol, to in zip(symbols, fields[2:], strict=True):
            if to not in numbers:
                raise UserError(
                    f"{symbol} leads from {fields[0]} to {to}, which is no state",
                    where=where,
                    hint=did_you_mean(to, numbers),
                )
        following.append([numbers[to] for to in fields[2:]])
        output.append(outputs.index(fields[1]))
    return Automaton(tuple(symbols), outputs, np.array(following), np.array(output), tuple(numbers))


def automaton_table(automaton: Automaton) -> str:
    """An automaton as such a table.

    Args:
        automaton: The automaton.
    """
    names = automaton.names
    rows = [[*_HEAD, *automaton.symbols]]
    for state, name in enumerate(names):
        leads_to = [names[to] for to in automaton.next[state].tolist()]
        rows.append([name, automaton.outputs[automaton.output[state]], *leads_to])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(field.ljust(width) for field, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows
    )
