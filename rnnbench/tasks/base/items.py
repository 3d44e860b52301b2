"""What a model made of single samples, kept so that no batch and no process leaves a trace in a corpus metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


def exact_device(device: torch.device) -> torch.device:
    """Where float64 is computed for a device: there, or on the CPU where it has none, as Apple's."""
    return torch.device("cpu") if device.type == "mps" else device


def exact(values: Tensor) -> Tensor:
    """Values in float64, in which metrics are summed."""
    return values.to(exact_device(values.device)).double()


def exact_nats(scores: Tensor, targets: Tensor) -> Tensor:
    """Negative log-likelihood of every target ``(N,)`` float64.

    Args:
        scores: Log-probabilities up to a constant ``(N, V)``.
        targets: ``(N,)`` int64.
    """
    return F.cross_entropy(exact(scores), targets.to(exact_device(scores.device)), reduction="none")


class ItemSums(NamedTuple):
    """What each sample of a split contributes to the sums that its leading metric is made of."""

    metric: str
    """Name of the metric."""
    numbers: Tensor
    """Numbers of the samples, ascending, ``(N,)``."""
    sums: Tensor
    """``(N, 2)``: a score and a weight, whose sums have the metric as their ratio; or ``(N, 10)``, the counts of BLEU
    (lengths of hypothesis and reference, n-grams that match, n-grams)."""


class ItemValues(Metric):
    """A few numbers for each sample of a split: its loss and tokens, whether it is right, its counts of errors.

    Every sample is entered with its number. All are kept, gathered from all processes and sorted by number, so what an
    application computes of them is the same on one process and on many, to the bit. They are kept where the metric is,
    on the model's device, wherever they were counted: a process group of GPUs takes no tensor of the CPU.
    """

    full_state_update = False
    ids: list[Tensor]
    values: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("ids", [], dist_reduce_fx="cat")
        self.add_state("values", [], dist_reduce_fx="cat")
        self._last: tuple[Tensor, Tensor] | None = None

    def update(self, ids: Tensor, values: Tensor) -> None:
        """Enters some samples.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sample that counts for nothing.
            values: ``(B, K)``.
        """
        # Samples that count for nothing are entered too, so that no process has nothing to gather.
        place = exact_device(self.device)
        self.ids.append(ids.to(place))
        self.values.append(exact(values).to(place))

    def compute(self) -> Tensor:
        """``(N, K)`` float64, in the order of the samples' numbers."""
        ids, values = dim_zero_cat(self.ids), dim_zero_cat(self.values)
        ids, values = ids[ids >= 0], values[ids >= 0]
        if len(ids) != len(torch.unique(ids)):
            raise RuntimeError("a sample was entered twice")
        order = torch.argsort(ids)
        self._last = ids[order], values[order]
        return values[order]

    def contributions(self, values: Tensor) -> tuple[str, Tensor] | None:
        """The leading metric's name, and what each sample contributes to it (`ItemSums`); None where it is no sum.

        Args:
            values: What was entered ``(N, K)``.
        """
        return None

    def item_sums(self) -> ItemSums | None:
        """The contributions of the samples that the metrics were last computed of, also after a reset."""
        if self._last is None:
            return None
        numbers, values = self._last
        found = self.contributions(values)
        return None if found is None else ItemSums(found[0], numbers, found[1])


class Items(NamedTuple):
    """What was entered of N samples, in the order of their numbers."""

    ids: list[int]
    """Numbers of the samples."""
    values: Tensor
    """``(N, K)`` float64."""
    texts: list[str]


class ItemTexts(ItemValues):
    """A text of each sample and a few numbers: hypotheses, to be compared with the references all at once.

    Texts are gathered from all processes as bytes.
    """

    texts: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("texts", [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, values: Tensor, texts: Sequence[str]) -> None:  # type: ignore[override]
        """Enters some samples.

        Args:
            ids: Their numbers ``(B,)`` int64; a negative one marks a sample that counts for nothing.
            values: ``(B, K)``.
            texts: B texts.
        """
        values = exact(values)
        raw = [text.encode("utf-8") for text in texts]
        sizes = torch.tensor([len(one) for one in raw], dtype=torch.float64, device=values.device)
        super().update(ids, torch.cat([values, sizes[:, None]], 1))
        self.texts.append(torch.tensor(list(b"".join(raw)), dtype=torch.uint8, device=exact_device(self.device)))

    def compute(self) -> Items:  # type: ignore[override]
        """All samples that count."""
        # The order in which samples were entered is that of the bytes.
        ids, values = dim_zero_cat(self.ids).tolist(), dim_zero_cat(self.values)
        raw = bytes(dim_zero_cat(self.texts).tolist())
        ends = values[:, -1].cumsum(0).long().tolist()
        texts = [raw[start:end].decode("utf-8") for start, end in zip([0, *ends], ends, strict=False)]
        found = {i: text for i, text in zip(ids, texts, strict=True) if i >= 0}
        return Items(sorted(found), super().compute()[:, :-1], [found[i] for i in sorted(found)])
