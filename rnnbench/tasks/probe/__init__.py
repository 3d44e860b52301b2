"""Probes: what the state of a language model knows of a text that nobody has told it."""

from rnnbench.tasks.probe.data import ProbeData
from rnnbench.tasks.probe.models.trained import Probe
from rnnbench.tasks.probe.models.untrained import UntrainedProbe

__all__ = ["Probe", "ProbeData", "UntrainedProbe"]
