"""Graphs: classes of nodes, links and whole graphs, by convolutions and by gated graph networks over any cell."""

from rnnbench.tasks.graphs.baselines.features import FeatureModel
from rnnbench.tasks.graphs.baselines.propagation import PropagationModel
from rnnbench.tasks.graphs.data import GraphData
from rnnbench.tasks.graphs.layers.convolutions import GAT, GCN, Chebyshev, GraphSAGE
from rnnbench.tasks.graphs.layers.pooling import DiffPool, MaxPool, MeanPool, SortPool, SumPool
from rnnbench.tasks.graphs.models.auto_encoder import AutoEncoderModel
from rnnbench.tasks.graphs.models.convolution import ConvolutionModel
from rnnbench.tasks.graphs.models.fixed_point import FixedPointModel
from rnnbench.tasks.graphs.models.gated import GatedModel

__all__ = [
    "GAT",
    "GCN",
    "AutoEncoderModel",
    "Chebyshev",
    "ConvolutionModel",
    "DiffPool",
    "FeatureModel",
    "FixedPointModel",
    "GatedModel",
    "GraphData",
    "GraphSAGE",
    "MaxPool",
    "MeanPool",
    "PropagationModel",
    "SortPool",
    "SumPool",
]
