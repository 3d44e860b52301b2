"""What networks made of a recurrent cell have in common, whatever they run it over."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import nn


class CellNetwork(nn.Module, ABC):
    """A network made of one recurrent cell, which runs over time (`Backbone`), a tree, or anything else.

    A model that has one as ``self.backbone`` is named, counted and compared by it.
    """

    @property
    @abstractmethod
    def cell_name(self) -> str:
        """Name of the cell, such as ``LSTM``."""

    @abstractmethod
    def summary(self) -> str:
        """Cell and sizes in a few words, as a results table names the network."""

    @abstractmethod
    def flops_per_token(self) -> float:
        """Floating-point operations of the forward pass over one unit of the input: those of its matrix products."""
