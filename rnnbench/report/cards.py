"""What the data cards say, for those data sets that have one."""

from __future__ import annotations

import functools

from rnnbench.data.cards import card_names, load_card
from rnnbench.errors import UserError
from rnnbench.report.content import Card


@functools.cache
def card_of(dataset: str) -> Card | None:
    """Title, licence and address of a data set; None where it has no card, or a spoilt one."""
    if dataset not in _names():
        return None
    try:
        card = load_card(dataset)
    except UserError:
        return None
    return Card(card.title, card.licence, card.url)


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(card_names())
