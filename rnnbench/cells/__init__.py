"""Recurrent cells: one family a file, found by existing."""

from rnnbench.cells.base import RNNCell, State
from rnnbench.cells.delays import NARX, TDNN
from rnnbench.cells.elman import Elman
from rnnbench.cells.gru import GRU, MGU, ResetBeforeGRU
from rnnbench.cells.layer_norm import LayerNormLSTM
from rnnbench.cells.lru import LRU
from rnnbench.cells.lstm import LSTM, CoupledLSTM, NoForgetLSTM, ProjectedLSTM
from rnnbench.cells.minimal import MinGRU, MinLSTM
from rnnbench.cells.multiplicative import MultiplicativeLSTM
from rnnbench.cells.mut import MUT1, MUT2, MUT3
from rnnbench.cells.ntm import NTM
from rnnbench.cells.peephole import GreffLSTM, PeepholeLSTM
from rnnbench.cells.qrnn import QRNN
from rnnbench.cells.simple import ConstantErrorCarousel, LeakyRNN, ResidualRNN
from rnnbench.cells.skip import DilatedRNN, TimeSkipRNN
from rnnbench.cells.sru import SRU
from rnnbench.cells.wrap import Zoneout
from rnnbench.cells.xlstm import MatrixLSTM, ScalarLSTM

__all__ = [
    "GRU",
    "LRU",
    "LSTM",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "NARX",
    "NTM",
    "QRNN",
    "SRU",
    "TDNN",
    "ConstantErrorCarousel",
    "CoupledLSTM",
    "DilatedRNN",
    "Elman",
    "GreffLSTM",
    "LayerNormLSTM",
    "LeakyRNN",
    "MatrixLSTM",
    "MinGRU",
    "MinLSTM",
    "MultiplicativeLSTM",
    "NoForgetLSTM",
    "PeepholeLSTM",
    "ProjectedLSTM",
    "RNNCell",
    "ResetBeforeGRU",
    "ResidualRNN",
    "ScalarLSTM",
    "State",
    "TimeSkipRNN",
    "Zoneout",
]
