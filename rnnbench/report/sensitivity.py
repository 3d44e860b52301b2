"""How much a cell's quality depends on the learning rate, where runs differ in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnnbench.report.content import Section


@dataclass(frozen=True)
class Sensitivity:
    """A model of one size under several learning rates.

    Args:
        kind: What it is drawn as.
        label: Its name.
        rates: Learning rates, ascending.
        values: The leading metric at each: the mean, where several rows have the rate.
    """

    kind: str
    label: str
    rates: list[float]
    values: list[float]


def sensitivities(section: Section) -> list[Sensitivity]:
    """The models of a ranking that were trained with two learning rates or more.

    Args:
        section: The ranking.
    """
    found: dict[tuple[str, float], dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    alike: dict[tuple[str, float], int] = defaultdict(int)
    rows = [(entry, (entry.kind, entry.costs.get("parameters", 0))) for entry in section.entries if entry.cell]
    for _, size in rows:
        alike[size] += 1
    for entry, size in rows:
        mean, folder = section.mean(entry), entry.sources[0].folder
        # Configurations are slow to read, and a size that stands in one row was not tuned.
        if mean is None or folder is None or alike[size] < 2:
            continue
        rate = learning_rate(folder / "config.yaml")
        if rate is not None:
            found[size][rate].append(mean)
    result = []
    for (kind, _), values in found.items():
        if len(values) > 1:
            rates = sorted(values)
            result.append(Sensitivity(kind, kind, rates, [sum(values[r]) / len(values[r]) for r in rates]))
    return result


def learning_rate(path: Path) -> float | None:
    """The learning rate in a run's configuration; None where there is none or it cannot be read."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open(encoding="utf-8") as file:
            config = yaml.load(file, loader)
        model = config["model"]
        options = model.get("init_args", model)["optimizer"]
        rate = options.get("init_args", options)["lr"]
        return float(rate) if float(rate) > 0 else None
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError):
        return None
