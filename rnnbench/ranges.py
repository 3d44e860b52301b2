"""Which numbers an option may be: ``Annotated[int, AT_LEAST_1]`` in its type is checked where options are read."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Args:
        least: The smallest that is allowed.
        most: The largest that is allowed.
        above: All have to be above this.
    """

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf

    def complaint(self, value: float) -> str | None:
        """What is wrong with a number; None where it is one of the range."""
        if value > self.above and self.least <= value <= self.most:
            return None
        return f"must be {self}, found {value}"

    def __str__(self) -> str:
        if self.above > -math.inf:
            return f"above {self.above:g}" + (f" and at most {self.most:g}" if self.most < math.inf else "")
        if self.most < math.inf:
            return f"from {self.least:g} to {self.most:.12g}"
        return f"at least {self.least:g}"


POSITIVE = Range(above=0)
AT_LEAST_0 = Range(least=0)
AT_LEAST_1 = Range(least=1)
SEED = Range(least=0, most=2**32 - 1)
"""What NumPy takes."""
