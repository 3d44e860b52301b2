"""Scores of the single test items, kept by a run beside its result: with them, two runs are compared item by item.

``items.npz`` holds the name of a ``metric``; the numbers of the ``items`` ``(N,)``; and ``sums`` ``(N, K)``: what each
contributes to the sums that the metric is made of (`rnnbench.results.statistics.corpus`): a score and a weight, whose
sums have the metric as their ratio, or the ten counts of BLEU.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnbench.errors import UserError
from rnnbench.reading import read_file, reading
from rnnbench.safe_files import replace_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ITEMS_FILE = "items.npz"


@dataclass(frozen=True)
class Items:
    """What the items of a test split contribute to a metric.

    Args:
        metric: Name of the metric.
        numbers: Numbers of the items in their data set, ascending, ``(N,)``.
        sums: What each contributes, ``(N, K)``.
    """

    metric: str
    numbers: NDArray[np.int64]
    sums: NDArray[np.float64]


def write_items(path: Path, items: Items) -> None:
    """Writes the whole file, or leaves the old one as it is."""
    import numpy as np

    content = io.BytesIO()
    np.savez_compressed(content, metric=np.array(items.metric), items=items.numbers, sums=items.sums)
    replace_bytes(path, content.getvalue())


def read_items(path: Path) -> Items | None:
    """The items of a run; None where it kept none."""
    import numpy as np

    if not path.is_file():
        return None
    # From memory: of a damaged file NumPy would leave its own handle open.
    raw = io.BytesIO(read_file(path))
    with reading(path, "not the scores of test items", _REMAKE), np.load(raw, allow_pickle=False) as content:
        metric, numbers, sums = str(content["metric"]), content["items"], content["sums"]
    good = numbers.dtype.kind in "iu" and sums.dtype.kind == "f" and metric
    if not good or not np.isfinite(sums).all():
        raise UserError("not the scores of test items: no finite numbers", where=path, hint=_REMAKE)
    if sums.ndim != 2 or numbers.shape != sums.shape[:1]:
        raise UserError(f"{_shape(numbers)} items and sums of {_shape(sums)}", where=path, hint=_REMAKE)
    return Items(metric, numbers, sums)


_REMAKE = "delete it, or write it again with `rnnbench test --run RUN`"


def _shape(array: Any) -> str:
    return " x ".join(map(str, array.shape))
