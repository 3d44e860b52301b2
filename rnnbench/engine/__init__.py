"""Engines: the ways a cell is run over time."""

from rnnbench.engine.base import Engine
from rnnbench.engine.select import EngineName, select_engine

__all__ = ["Engine", "EngineName", "select_engine"]
