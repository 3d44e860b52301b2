"""The buffers that the kernels and products of a step read and write."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Role(Enum):
    """What stands in a buffer. Widths: G of z, O of the output, W of a leaf of the state."""

    Z = "z"
    """The projected input of a step."""
    MASK = "mask"
    """What the state is multiplied with where the step says so."""
    PREV = "prev"
    """A leaf of the state before a step."""
    NEXT = "next"
    """A leaf of the state after it."""
    OUTPUT = "output"
    """The output, where it is no leaf of the state."""
    VECTOR = "vector"
    """A vector made of parameters, the same for all rows of the batch."""
    WEIGHT = "weight"
    """The weight of a product."""
    OPERAND = "operand"
    """What is multiplied with a weight, where a kernel has to compute it."""
    PRODUCT = "product"
    """The result of a product with a weight."""
    SAVED = "saved"
    """Values of the forward, kept for the backward."""
    SPILL = "spill"
    """What one kernel of a step hands to a later one."""
    TEMPORARY = "temporary"
    """What one loop of a native kernel hands to a later one."""

    # Buffers are looked up at every call, and Enum's own hash is a function in Python.
    __hash__ = object.__hash__


_NUMBERED = {Role.PREV, Role.NEXT, Role.VECTOR, Role.WEIGHT, Role.OPERAND, Role.PRODUCT}


class Buffer(NamedTuple):
    """A buffer: its role, which one of several, and whether it holds the gradient of what that one holds."""

    role: Role
    number: int = 0
    is_gradient: bool = False

    @property
    def gradient(self) -> Buffer:
        """The buffer of its gradient."""
        return Buffer(self.role, self.number, True)

    def __repr__(self) -> str:
        # Its name in generated code and in errors: prev0, dz.
        number = str(self.number) if self.role in _NUMBERED else ""
        return f"{'d' if self.is_gradient else ''}{self.role.value}{number}"


Z, MASK, OUTPUT = Buffer(Role.Z), Buffer(Role.MASK), Buffer(Role.OUTPUT)
SAVED, SPILL, TEMPORARY = Buffer(Role.SAVED), Buffer(Role.SPILL), Buffer(Role.TEMPORARY)
