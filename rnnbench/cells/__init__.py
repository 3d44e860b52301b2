"""Recurrent cells: one family a file, found by existing."""

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.elman import Elman
from rnnbench.cells.gru import GRU
from rnnbench.cells.lstm import LSTM
from rnnbench.cells.wrap import Zoneout

__all__ = ["GRU", "LSTM", "Elman", "RNNCell", "State", "Zoneout"]
