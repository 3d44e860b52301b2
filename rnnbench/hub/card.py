"""A model card: what the record of a run says, for people who find the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from rnnbench.applications import applications
from rnnbench.data.cards import load_card
from rnnbench.errors import UserError
from rnnbench.results.metric import metric_title
from rnnbench.results.protocol import Split
from rnnbench.results.record import Result

_UNKNOWN_LICENCE = "not known to rnnbench: ask whoever brought the data"


def model_card(result: Result, name: str) -> str:
    """The card as Markdown, with what the hub reads in front.

    Args:
        result: The record.
        name: Name on the hub.
    """
    found = applications().get(result.application)
    title = found.card.title if found else result.application
    parts = [
        _front(result, name),
        f"# {name.rpartition('/')[2]}: {_plain(result.model)}",
        f"{title}: {_plain(result.model)}, {result.parameters:,} trained values, trained with"
        " [rnnbench](https://pypi.org/project/rnnbench/).",
        f"```python\nimport rnnbench\n\nrun = rnnbench.load({f'hf:{name}'!r})\n```\n\n"
        f"```bash\nrnnbench predict --run hf:{name}\n```",
        _data(result),
        _results(result),
        _training(result),
        "## Limits\n\n" + "\n".join(f"- {line}" for line in _limits(result)),
    ]
    return "\n\n".join(parts) + "\n"


def _front(result: Result, name: str) -> str:
    """The metadata between two rules."""
    split: Split = "test" if "test" in result.metrics else "validation"
    measured = [
        {"type": metric, "value": value.value, "name": value.signature}
        for metric, value in result.metrics.get(split, {}).items()
    ]
    found: dict[str, Any] = {"library_name": "rnnbench", "tags": ["rnnbench", result.application]}
    if measured:
        # A line alone: a rule in a name would end the metadata.
        dataset = " ".join(result.data.dataset.split())
        data = {"type": dataset, "name": dataset, "split": split}
        one = {"task": {"type": result.application}, "dataset": data, "metrics": measured}
        found["model-index"] = [{"name": name, "results": [one]}]
    return f"---\n{yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=1000)}---"


def _data(result: Result) -> str:
    data = result.data
    try:
        card = load_card(data.dataset)
        licence, origin = card.licence, f"{card.title}; {card.url}"
    except UserError:
        licence, origin = _UNKNOWN_LICENCE, "data of the user's own"
    rows: list[tuple[object, ...]] = [
        ("data set", data.dataset),
        ("origin", origin),
        ("licence", licence),
        ("fingerprint", data.fingerprint),
    ]
    rows += [(key.replace("_", " "), value) for key, value in data.details.items()]
    return "## Data\n\n" + _table(("", ""), rows)


def _results(result: Result) -> str:
    rows = [
        (split, metric_title(name), f"{metric.value:.6g}", metric.signature)
        for split, metrics in sorted(result.metrics.items())
        for name, metric in metrics.items()
    ]
    return "## Results\n\n" + _table(("split", "metric", "value", "how it was measured"), rows)


def _training(result: Result) -> str:
    training = result.training
    rows: list[tuple[object, ...]] = [
        ("preset", result.preset or "none"),
        ("seed", result.seed),
        ("budget", result.budget or "none"),
        ("selected by", result.selection),
        ("epochs, steps, tokens", f"{training.epochs:g}, {training.steps:,}, {training.tokens:,}"),
        ("time", f"{training.wall_seconds / 60:.1f} minutes"),
        ("hardware", ", ".join(f"{key} {value}" for key, value in result.hardware.items())),
        ("versions", ", ".join(f"{key} {value}" for key, value in result.versions.items())),
        ("protocol", result.protocol.hash),
    ]
    if result.start is not None:
        rows.append(("began from", result.start.about))
    return "## Training\n\n" + _table(("", ""), rows)


def _limits(result: Result) -> list[str]:
    """What a reader should not make of the numbers."""
    found = [
        f"One training with the seed {result.seed}: another seed has another value."
        if result.seed is not None
        else "One training without a seed."
    ]
    if "test" not in result.metrics:
        found.append(
            "It was not measured on the test split: what was selected on the validation split looks too good there."
        )
    elif len(result.tests) > 1:
        found.append(f"It was tested {len(result.tests)} times; the values are those of the last test.")
    found.append("It knows data like those of its training; what it does on others was not measured.")
    if result.start is not None:
        found.append("It is fine-tuned: what the run that it began from has read, it has read, too.")
    return found


def _table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines)


def _plain(value: object) -> str:
    """Text of a cell: names come from files, and would be HTML or the end of the cell."""
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "\\|")
    return " ".join(text.split())
