"""All cells, found by their existence."""

from __future__ import annotations

import inspect

import rnnbench.cells
from rnnbench.cells.base import RNNCell


def every_cell() -> dict[str, type[RNNCell]]:
    """Every exported cell that two sizes make, by name; wrappers and base classes need more."""
    exported = {name: getattr(rnnbench.cells, name) for name in rnnbench.cells.__all__}
    return {name: one for name, one in sorted(exported.items()) if _is_cell(one) and _two_sizes(one)}


def _is_cell(one: object) -> bool:
    return inspect.isclass(one) and issubclass(one, RNNCell) and not inspect.isabstract(one)


def _two_sizes(cell_class: type[RNNCell]) -> bool:
    parameters = list(inspect.signature(cell_class).parameters.values())
    return all(one.default is not one.empty for one in parameters[2:])
