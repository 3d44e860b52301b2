"""Forecasting: what comes next in a series, with intervals, from AR(K) to recurrent networks."""

from rnnbench.tasks.forecasting.baselines.autoregression import ARForecaster
from rnnbench.tasks.forecasting.baselines.naive import NaiveForecaster
from rnnbench.tasks.forecasting.baselines.statistical import StatisticalForecaster
from rnnbench.tasks.forecasting.data import ForecastingData
from rnnbench.tasks.forecasting.models.encoder_decoder import EncoderDecoderForecaster
from rnnbench.tasks.forecasting.models.linear import LinearForecaster
from rnnbench.tasks.forecasting.models.recurrent import RecurrentForecaster
from rnnbench.tasks.forecasting.models.segmented import SegmentForecaster
from rnnbench.tasks.forecasting.outputs import Gaussian, NegativeBinomial, Point, Quantiles, StudentT

__all__ = [
    "ARForecaster",
    "EncoderDecoderForecaster",
    "ForecastingData",
    "Gaussian",
    "LinearForecaster",
    "NaiveForecaster",
    "NegativeBinomial",
    "Point",
    "Quantiles",
    "RecurrentForecaster",
    "SegmentForecaster",
    "StatisticalForecaster",
    "StudentT",
]
