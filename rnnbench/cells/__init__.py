"""Recurrent cells: one family a file, found by existing."""

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.delays import NARX, TDNN
from rnnbench.cells.elman import Elman
from rnnbench.cells.gru import GRU, MGU, ResetBeforeGRU
from rnnbench.cells.layer_norm import LayerNormLSTM
from rnnbench.cells.lstm import LSTM, CoupledLSTM, NoForgetLSTM, ProjectedLSTM
from rnnbench.cells.multiplicative import MultiplicativeLSTM
from rnnbench.cells.mut import MUT1, MUT2, MUT3
from rnnbench.cells.peephole import GreffLSTM, PeepholeLSTM
from rnnbench.cells.simple import ConstantErrorCarousel, LeakyRNN, ResidualRNN
from rnnbench.cells.skip import DilatedRNN, TimeSkipRNN

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "NARX",
    "TDNN",
    "ConstantErrorCarousel",
    "CoupledLSTM",
    "DilatedRNN",
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
    "TimeSkipRNN",
]
