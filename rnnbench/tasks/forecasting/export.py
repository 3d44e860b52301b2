"""A forecaster as a graph: the past to all values to come, with their intervals."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnbench.data.series.windows import WindowBatch
from rnnbench.errors import UserError
from rnnbench.tasks.base.graph import Axes, Graph
from rnnbench.tasks.forecasting.model import Forecaster, NeuralForecaster
from rnnbench.tasks.forecasting.outputs import LEVELS


class _Forecast(nn.Module):
    def __init__(self, model: NeuralForecaster, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.model = model
        self.inputs = inputs
        ready = model.conformal is not None and model.conformal.ready
        self.conformal = model.conformal if ready else None

    def forward(self, past: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(self.inputs, (past, *others), strict=True))
        batch, horizon = past.shape[0], self.model.horizon
        # What a series does not have is there without width.
        for name, steps in (("covariates", past.shape[1:]), ("known", (horizon,)), ("static", ())):
            given.setdefault(name, past.new_zeros(batch, *steps, 0))
        future = past.new_zeros(batch, horizon)
        window = WindowBatch(**given, future=future, ids=given["series"], tokens=batch * horizon)
        found = self.model.forecast(window)
        if self.conformal is not None:
            found = self.conformal(found, window.scale)
        return (found.point,) if found.quantiles is None else (found.point, found.quantiles)


def graph(model: Forecaster) -> Graph:
    """Past ``(B, L)`` and what else is known of it, float64 -> values ``(B, H)``, quantiles ``(B, H, Q)``.

    Args:
        model: A trained model that says all values to come at once.

    Raises:
        UserError: It is counted, or goes on from its own forecasts step by step.
    """
    if not isinstance(model, NeuralForecaster):
        raise UserError(
            f"a {type(model).__name__} is no network", where="rnnbench export", hint="predict answers: rnnbench predict"
        )
    if not model.direct:
        raise UserError(
            f"this {type(model).__name__} forecasts from its own forecasts, step by step, and such a loop is no graph",
            where="rnnbench export",
            hint="one that says all values at once has a graph: --model.way direct",
        )
    spec, reader = model.spec, model.reader
    assert spec is not None
    sizes: dict[str, Axes] = {"past": ("batch", model.context), "scale": ("batch", 4), "series": ("batch",)}
    for name, size, axes in (
        ("covariates", reader.covariates_size, (model.context,)),
        ("known", reader.known_size, (model.horizon,)),
        ("static", reader.static_size, ()),
    ):
        if size:
            sizes[name] = ("batch", *axes, size)
    scales = torch.tensor(spec["scales"], dtype=torch.float64)
    module = _Forecast(model, tuple(sizes))
    has_intervals = model.probabilistic or module.conformal is not None

    def example(batch: int, steps: int) -> tuple[Tensor, ...]:
        series = torch.randint(len(scales), (batch,))
        scale = scales[series]
        drawn = {
            name: torch.randn(batch, *axes[1:], dtype=torch.float64)  # type: ignore[arg-type]
            for name, axes in sizes.items()
            if name not in ("scale", "series")
        }
        drawn["past"] = scale[:, :1].nan_to_num() + scale[:, 1:2].nan_to_num(1.0) * drawn["past"]
        return tuple({**drawn, "scale": scale, "series": series}[name] for name in sizes)

    return Graph(
        module=module,
        inputs=sizes,
        outputs=("values", *(("quantiles",) if has_intervals else ())),
        example=example,
        beside={
            "application": model.application,
            "levels": list(LEVELS),
            "frequency": spec["frequency"],
            "calendar": spec["calendar"],
            "known": spec["known"],
            "seen": spec["seen"],
            "static": spec["static"],
            "series": spec["series"],
            "scales": [[None if value != value else value for value in row] for row in spec["scales"]],
        },
    )
