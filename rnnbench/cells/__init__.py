"""Recurrent cells: one family a file, found by existing."""

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.elman import Elman
from rnnbench.cells.gru import GRU, MGU, ResetBeforeGRU
from rnnbench.cells.layer_norm import LayerNormLSTM
from rnnbench.cells.lstm import LSTM, CoupledLSTM, NoForgetLSTM, ProjectedLSTM
from rnnbench.cells.multiplicative import MultiplicativeLSTM
from rnnbench.cells.mut import MUT1, MUT2, MUT3
from rnnbench.cells.peephole import GreffLSTM, PeepholeLSTM
from rnnbench.cells.wrap import Zoneout

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "CoupledLSTM",
    "Elman",
    "GreffLSTM",
    "LayerNormLSTM",
    "MultiplicativeLSTM",
    "NoForgetLSTM",
    "PeepholeLSTM",
    "ProjectedLSTM",
    "RNNCell",
    "ResetBeforeGRU",
    "State",
    "Zoneout",
]
