"""What a run shows of its test split."""

from __future__ import annotations

from pathlib import Path

from rnnbench.data.series.series import stamps
from rnnbench.examples import Example, plain
from rnnbench.tasks.base.pictures import best_median_worst, record_picture
from rnnbench.tasks.forecasting.metrics import INTERVALS
from rnnbench.tasks.forecasting.model import Forecaster
from rnnbench.tasks.forecasting.pictures import BY_STEP, FORECASTS, Drawn, draw_by_step, draw_forecasts

_OF_EACH = 2
# Much more past than future hides the future.
_MOST_PAST = 3
# Of the numbers that an example tells.
_VALUES = 12


def examples_of(model: Forecaster) -> list[Example]:
    """Windows of the test split in numbers, best, median and worst: the last values, how it went on, the forecast.

    Args:
        model: A model that was tested just now.
    """
    return [_told(model, word, number) for word, number in _chosen(model)]


def draw_test(model: Forecaster) -> None:
    """Draws windows of the test split into the run folder, the best, median and worst, and errors by step.

    Args:
        model: A model that was tested just now.
    """
    chosen = _chosen(model)
    if not chosen:
        return
    folder = Path(model.trainer.default_root_dir)
    draw_forecasts(folder / FORECASTS, [_drawn(model, word, number) for word, number in chosen], across=_OF_EACH)
    draw_by_step(folder / BY_STEP, model.errors.curve(), model.horizon)
    for name in (FORECASTS, BY_STEP):
        record_picture(model.trainer, name)


def _chosen(model: Forecaster) -> list[tuple[str, int]]:
    """Numbers of the windows that are shown, each with a word for it."""
    found = model.errors.item_sums()
    if found is None:
        return []
    errors = found.sums[:, 0] / found.sums[:, 1].clamp(min=1)
    parts = best_median_worst((-errors).tolist(), _OF_EACH)
    return [(word, int(found.numbers[row])) for word, rows in parts for row in rows]


def _told(model: Forecaster, word: str, number: int) -> Example:
    shown = _drawn(model, word, number)
    assert shown.truth is not None
    lines = {"past": shown.past[-_VALUES:], "truth": shown.truth[:_VALUES], "forecast": shown.point[:_VALUES]}
    for share, (low, high) in shown.bands.items():
        lines |= {f"{share:g} % from": low[:_VALUES], f"{share:g} % to": high[:_VALUES]}
    texts = {name: " ".join(f"{value:.4g}" for value in values) for name, values in lines.items()}
    return (plain("window", shown.title), *(plain(name, text) for name, text in texts.items()))


def _drawn(model: Forecaster, word: str, number: int) -> Drawn:
    windows = model.data.splits["test"]
    batch = windows([number], 0)
    forecast = model.predict_windows(model.transfer_batch_to_device(batch, model.device, 0))
    series, origin = windows.window(number)
    one = windows.table.series[series]
    shown = min(model.context, _MOST_PAST * model.horizon)
    times = stamps(one.start, windows.table.frequency, origin + model.horizon)[origin - shown :]
    bands = {}
    if forecast.quantiles is not None:
        ends = forecast.quantiles[0].cpu().numpy()
        bands = {float(share): (ends[:, low], ends[:, high]) for share, (low, high) in sorted(INTERVALS.items())[::-1]}
    return Drawn(
        title=f"{word}: {one.name}, from {str(times[shown]).removesuffix(' 00:00:00')}",
        times=times,
        past=batch.past[0, -shown:].numpy(),
        point=forecast.point[0].cpu().numpy(),
        bands=bands,
        truth=batch.future[0].numpy(),
    )
