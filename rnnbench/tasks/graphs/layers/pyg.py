"""The one place where torch_geometric (PyG) is imported for layers."""

from __future__ import annotations

from types import ModuleType

from rnnbench.errors import UserError


def layers_of_library(what: str) -> ModuleType:
    """The layers of torch_geometric.

    Args:
        what: The layer that needs them.

    Raises:
        UserError: It is not installed.
    """
    try:
        import torch_geometric.nn
    except ImportError:
        raise UserError(
            f"{what} is a layer of the package torch_geometric, which is not installed",
            where="model",
            hint="pip install 'rnnbench[graphs]', or take GatedModel, which needs nothing",
        ) from None
    return torch_geometric.nn
