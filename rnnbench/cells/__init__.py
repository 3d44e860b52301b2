"""Recurrent cells: one family a file, found by existing."""

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.elman import Elman
from rnnbench.cells.gru import GRU, MGU, ResetBeforeGRU
from rnnbench.cells.layer_norm import LayerNormLSTM
from rnnbench.cells.lstm import LSTM, CoupledLSTM, NoForgetLSTM, ProjectedLSTM
from rnnbench.cells.multiplicative import MultiplicativeLSTM
from rnnbench.cells.mut import MUT1, MUT2, MUT3
from rnnbench.cells.peephole import GreffLSTM, PeepholeLSTM
from rnnbench.cells.simple import ConstantErrorCarousel, LeakyRNN, ResidualRNN

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "ConstantErrorCarousel",
    "CoupledLSTM",
    "Elman",
    "GreffLSTM",
    "LayerNormLSTM",
    "LeakyRNN",
    "MultiplicativeLSTM",
    "NoForgetLSTM",
    "PeepholeLSTM",
    "ProjectedLSTM",
    "RNNCell",
    "ResetBeforeGRU",
    "ResidualRNN",
    "State",
]
