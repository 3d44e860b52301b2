"""Why two runs stand in one row, in one table, or in two: all that differs between them, named."""

from __future__ import annotations

from typing import Any

from rnnbench.results.group import Column, Run, group_by_seed
from rnnbench.results.options import CONFIG_FILE, read_options
from rnnbench.results.record import Result

_OWN = ("seed_everything", "config", "trainer.default_root_dir", "trainer.logger")


def why(one: Run, other: Run) -> list[str]:
    """Sentences and lists about two finished runs: their protocols, their rows, their options, what they ran with.

    Args:
        one: A run.
        other: Another one.
    """
    protocols = one.result.protocol, other.result.protocol
    fields = protocols[0].differences(protocols[1])
    lines = []
    if not fields:
        lines.append("They are ranked in one table.")
    for field in fields:
        if field == "metrics":
            for key in protocols[0].measured_differently(protocols[1]):
                lines.append(_line(f"not in one table: {Column(*key)}", *(one.metrics[key] for one in protocols)))
        else:
            lines.append(_line(f"not in one table: {field}", *(getattr(one, field) for one in protocols)))
    if not fields:
        same = len(group_by_seed([one, other])) == 1
        lines.append("They are seeds of one row." if same else "They stand in two rows.")
    options = [read_options(run.folder / CONFIG_FILE) for run in (one, other)]
    lines += _listed("option", *({k: v for k, v in some.items() if not k.startswith(_OWN)} for some in options))
    return lines + _listed("run", _facts(one.result), _facts(other.result))


def _facts(result: Result) -> dict[str, Any]:
    """What is recorded beside the protocol."""
    parts = ("preset", "model", "cell", "parameters", "settings", "seed", "processes", "precision", "engine")
    facts = {name: getattr(result, name) for name in parts}
    facts |= {"commit": result.git_commit, "tests": len(result.tests)}
    facts |= {f"version of {name}": version for name, version in result.versions.items()}
    facts |= {f"hardware: {name}": fact for name, fact in result.hardware.items()}
    facts |= {f"data: {name}": fact for name, fact in result.data.details.items()}
    return facts | {f"training: {name}": getattr(result.training, name) for name in ("epochs", "steps", "tokens")}


def _listed(what: str, one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return [_line(f"{what}: {name}", one.get(name), other.get(name)) for name in names]


def _line(name: str, one: Any, other: Any) -> str:
    return f"{name}: {_text(one)} against {_text(other)}"


def _text(value: Any) -> str:
    return "none" if value is None else " ".join(str(value).split())
