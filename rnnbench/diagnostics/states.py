"""The state of a network over a text: which units follow what, as numbers and as a page to explore.

A. Karpathy, J. Johnson and L. Fei-Fei, Visualizing and Understanding Recurrent Networks, arXiv 1506.02078 (2015); H.
Strobelt, S. Gehrmann, H. Pfister and A. M. Rush, LSTMVis, IEEE Transactions on Visualization and Computer Graphics 24
(2018).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rnnbench.diagnostics.unroll import Unrolled

MOST_UNITS = 1024
MOST_TOKENS = 4000

_OPENING, _CLOSING = "([{", ")]}"
_TEMPLATE = Path(__file__).parent / "templates" / "states.html"


@dataclass(frozen=True, eq=False)
class States:
    """The units of a cell over a text.

    Args:
        name: Which cell of the model, and its class.
        units: What each unit is called, such as ``leaf 1, unit 7``.
        values: ``(T, units)``.
    """

    name: str
    units: list[str]
    values: Tensor


def states_of(name: str, run: Unrolled) -> States:
    """The units of a cell: the numbers of all leaves of its state that are vectors, after each step.

    Args:
        name: Which cell of the model.
        run: The cell over one text, a batch of one.
    """
    names, columns = [], []
    for leaf, first in enumerate(run.states[0]):
        if first.dim() == 2:
            names += [f"leaf {leaf}, unit {unit}" for unit in range(first.shape[1])]
            columns.append(torch.stack([state[leaf][0] for state in run.states[1:]]))
    return States(name, names[:MOST_UNITS], torch.cat(columns, 1)[:, :MOST_UNITS])


def features(pieces: Sequence[str]) -> dict[str, Tensor]:
    """What of a text a unit may follow, token by token.

    Args:
        pieces: The tokens.

    Returns:
        Values ``(T,)`` by name, each the mean over a token's characters: characters since the beginning of the line,
        depth of brackets, whether within quotation marks, within a word, a capital, a digit.
    """
    rows: list[list[float]] = []
    since, depth, quoted = 0, 0, False
    for piece in pieces:
        found = []
        for character in piece or " ":
            depth += character in _OPENING
            quoted ^= character == '"'
            found.append(
                (since, depth, quoted, character.isalnum(), character.isupper(), character.isdigit()),
            )
            depth = max(0, depth - (character in _CLOSING))
            since = 0 if character == "\n" else since + 1
        rows.append(torch.tensor(found, dtype=torch.float64).mean(0).tolist())
    names = ("position in the line", "depth of brackets", "within quotes", "within a word", "capital", "digit")
    return dict(zip(names, torch.tensor(rows, dtype=torch.float64).T, strict=True))


def followers(values: Tensor, wanted: Mapping[str, Tensor], most: int = 8) -> dict[str, list[tuple[int, float]]]:
    """The units that follow something: those of the largest correlation, either way.

    Args:
        values: ``(T, units)``.
        wanted: What they may follow ``(T,)``, by name.
        most: Most units.

    Returns:
        Unit and correlation, the strongest first, by name; nothing for what never changes in the text.
    """
    centred = values - values.mean(0)
    sizes = centred.norm(dim=0)
    found = {}
    for name, feature in wanted.items():
        target = feature - feature.mean()
        if float(target.norm()) == 0:
            continue
        scale = sizes * target.norm()
        correlation = torch.where(scale > 0, centred.T @ target / scale.clamp(min=1e-300), 0.0)
        best = correlation.abs().argsort(descending=True, stable=True)[:most]
        found[name] = [(int(unit), float(correlation[unit])) for unit in best]
    return found


def page(title: str, pieces: Sequence[str], cells: Sequence[States]) -> str:
    """The page: one file that needs no network.

    The text is coloured by the unit that is chosen. Whoever selects a piece of it sees which units tell it from the
    rest, and where else these stand alike.

    Args:
        title: What stands above it.
        pieces: The tokens of the text.
        cells: Their units, at least one cell.
    """
    wanted = features(pieces)
    told = []
    for cell in cells:
        scale = cell.values.abs().amax(0).clamp(min=1e-12)
        levels = (cell.values / scale * 127).round().to(torch.int8)
        told.append(
            {
                "name": cell.name,
                "units": cell.units,
                "scales": scale.tolist(),
                "followers": followers(cell.values, wanted),
                "levels": base64.b64encode(levels.contiguous().numpy().tobytes()).decode(),
            }
        )
    data = json.dumps({"title": title, "pieces": list(pieces), "cells": told}, allow_nan=False)
    # Within a script element nothing but a tag can end it.
    return _TEMPLATE.read_text(encoding="utf-8").replace("{{ data }}", data.replace("<", "\\u003c"))
