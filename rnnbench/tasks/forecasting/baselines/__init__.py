"""Forecasts without a network, which a network has to beat."""
