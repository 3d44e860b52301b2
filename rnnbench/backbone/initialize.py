"""Initialisation beyond what each cell does by itself."""

from __future__ import annotations

from torch import nn

from rnnbench.cells import RNNCell


def orthogonal_recurrent(cell: RNNCell) -> None:
    """Makes the recurrent weights orthogonal, each gate's H rows on their own.

    No direction of the state grows or shrinks in a step by the weights alone. A. M. Saxe, J. L. McClelland and S.
    Ganguli, Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks, ICLR 2014.

    Args:
        cell: The cell; its `recurrent_weights` ``(G, ...)`` are cut into blocks of H rows.
    """
    for name in cell.recurrent_weights:
        for block in cell.get_parameter(name).detach().split(cell.hidden_size):
            nn.init.orthogonal_(block)


def uniform(module: nn.Module, bound: float) -> None:
    """Draws all parameters from U(-bound, bound), except those of layer norms, which would shut.

    W. Zaremba, I. Sutskever and O. Vinyals, Recurrent Neural Network Regularization, arXiv 1409.2329 (2014), section 4.

    Args:
        module: The model.
        bound: The bound.
    """
    norms = {id(value) for norm in module.modules() if isinstance(norm, nn.LayerNorm) for value in norm.parameters()}
    for parameter in module.parameters():
        if id(parameter) not in norms:
            nn.init.uniform_(parameter, -bound, bound)
