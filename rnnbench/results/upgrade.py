"""Results that were written under an older schema, brought to the present one where what is new can be derived."""

from __future__ import annotations

import hashlib
from typing import Any

_SELECTION = {
    "text_generation": "min validation/nats_per_token",
    "sentiment": "max validation/accuracy",
    "translation": "max validation/bleu",
}
# Options that make no other model: `--seed_everything 2` or `--seed_everything=2`.
_NO_SETTINGS = ("--seed_everything", "--name", "--runs")


def upgrade(content: Any) -> Any:
    """The content of a result file as the present schema has it; what is not of an older one stays as it is.

    Raises:
        ValueError: Something that the present schema asks for cannot be derived.
    """
    for version, newer in ((1, _from_1), (2, _from_2), (3, _from_3), (4, _from_4)):
        found = content.get("schema_version") if isinstance(content, dict) else None
        if type(found) is int and found == version:
            content = {**newer(content), "schema_version": version + 1}
    return content


def _from_1(content: dict[str, Any]) -> dict[str, Any]:
    try:
        new = {
            "selection": _selection(content["application"], content["metrics"]),
            "budget": _budget(content["training"]),
            "settings": _settings(content["command"]),
        }
    except (KeyError, TypeError, AttributeError):
        # What schema 1 had already is missing or spoilt: the reader names it.
        new = {"selection": "", "budget": None, "settings": ""}
    return {**content, **new}


def _from_2(content: dict[str, Any]) -> dict[str, Any]:
    """Nobody noted which state was tested: the selected one is what is tested unless another is named."""
    metrics = content.get("metrics")
    tested = isinstance(metrics, dict) and "test" in metrics
    unknown = dict.fromkeys(("decoding", "precision", "engine"))
    new: dict[str, Any] = {"checkpoint": "selected" if tested else None, "tests": [], **unknown}
    return {**content, **new}


def _from_3(content: dict[str, Any]) -> dict[str, Any]:
    """The hash of the conditions was that of others: the name of the data set was among them."""
    return {name: value for name, value in content.items() if name != "protocol"}


def _from_4(content: dict[str, Any]) -> dict[str, Any]:
    """All runs were from scratch."""
    return {**content, "start": None}


def _selection(application: str, metrics: dict[str, Any]) -> str:
    """The rules that there were: each application had its own."""
    if application in _SELECTION:
        return _SELECTION[application]
    measured = {name for values in metrics.values() for name in values}
    for name in ("segmentation_f1", "entity_f1", "tag_accuracy"):
        if application == "labelling" and name in measured:
            return f"max validation/{name}"
    raise ValueError(
        f"written under schema 1, from which nobody can tell by what rule a checkpoint of {application!r} was selected"
    )


def _budget(training: dict[str, Any]) -> str | None:
    """What was spent stands for what was allowed."""
    if not training["steps"]:
        return None
    epochs = training["epochs"]
    return f"epochs:{int(epochs)}" if epochs % 1 == 0 else f"steps:{training['steps']}"


def _settings(command: str) -> str:
    """Hash of the command line, less what makes no other model."""
    words, kept = iter(command.split()), []
    for word in words:
        if word in _NO_SETTINGS:
            next(words, None)
        elif word.partition("=")[0] not in _NO_SETTINGS:
            kept.append(word)
    return hashlib.sha256("\0".join(kept).encode(errors="backslashreplace")).hexdigest()[:12]
