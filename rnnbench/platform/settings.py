"""The options of a run: which of them bear on its result, and which may change when it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jsonargparse import Namespace

# What says where a run lies, how it is shown and how it is stored.
_SHOWN_AND_STORED = (
    "config",
    "ckpt_path",
    "weights_only",
    "checkpoint",
    "trainer.default_root_dir",
    "trainer.logger",
    "trainer.enable_",
    "trainer.log_every_n_steps",
    "trainer.profiler",
)
_WORKERS = ".num_workers"

_BEARS_ON_NOTHING = (*_SHOWN_AND_STORED, "seed_everything")

# Of a run that goes on every other option stays: it would see other data, take other steps or be measured otherwise.
_MAY_CHANGE = (
    *_SHOWN_AND_STORED,
    # How long it trains.
    "trainer.max_",
    "trainer.min_",
    "budget.",
    # When it gives up.
    "divergence.",
    "trainer.detect_anomaly",
    # Where it runs, and on how many processes: the position in the data is kept for all of them.
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
)
# Where the data lie, or what made them; that they are the same ones, their fingerprint tells.
_PLACES = (".source.path", ".source.folder", ".segmenter")


def settings_hash(config: Namespace | Mapping[str, Any]) -> str:
    """Hash of all options that bear on what a run measures, less its seed: 12 hexadecimal digits.

    Args:
        config: Configuration of the training.
    """
    options = flatten(config)
    bearing = {
        name: value
        for name, value in options.items()
        if not name.startswith(_BEARS_ON_NOTHING)
        # Where the run lies that it begins from; what it is stands in the record. Without one, nothing is fine-tuned.
        and name != "from"
        and not (name.startswith("fine_tuning.") and options.get("from") is None)
        and not name.endswith(_WORKERS)
        and not option_name(name).endswith(_PLACES)
        # Runs without a budget keep the hash that they had before there were budgets, and those of other options, too.
        and not (name.startswith(("budget.", "scheduler_interval")) and value is None)
    }
    return hashlib.sha256(json.dumps(bearing, sort_keys=True, default=str).encode()).hexdigest()[:12]


def changed_options(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """The options that differ and may not: name as it stands on the command line, value before, value after.

    An option that is only in `after` is one that the version which began the run did not know, or goes with another
    class than before, which is told itself.

    Args:
        before: Options of a run when it began, from dotted name to value.
        after: Those with which it is to go on.
    """
    found: dict[str, tuple[str, Any, Any]] = {}
    for name in (*before, *(name for name in after if name not in before and _grown(name, before))):
        short = option_name(name)
        if short.startswith(_MAY_CHANGE) or short.endswith((_WORKERS, *_PLACES)):
            continue
        value, other = before.get(name), _value(name, after)
        if other is None and name not in after and name.rpartition(".")[0].endswith("init_args"):
            continue  # it went with its class
        if json.dumps(value, default=str) != json.dumps(other, default=str):
            found.setdefault(short, (short, value, other))
    return list(found.values())


def _value(name: str, options: Mapping[str, Any]) -> Any:
    """The value of an option; the class, or the mapping, of one that has parts."""
    if name in options:
        return options[name]
    parts = {key.removeprefix(f"{name}."): value for key, value in options.items() if key.startswith(f"{name}.")}
    return parts.get("class_path", parts or None)


def _grown(name: str, before: Mapping[str, Any]) -> bool:
    """Whether a new name is one more key of a mapping that was an option before."""
    owner = name.rpartition(".")[0]
    return "." in owner and not owner.endswith("init_args") and any(key.startswith(f"{owner}.") for key in before)


def option_name(key: str) -> str:
    """A dotted key of a configuration as it stands on the command line.

    Args:
        key: Such as ``data.init_args.batch_size`` or ``model.init_args.optimizer.class_path``.
    """
    return key.replace(".init_args", "").removesuffix(".class_path")


def flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """Nested configuration as one mapping from dotted names to values."""
    if isinstance(config, Namespace):
        config = config.as_dict()
    if not isinstance(config, dict):
        return {prefix: config}
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat.update(flatten(value, f"{prefix}.{key}" if prefix else key))
    return flat
