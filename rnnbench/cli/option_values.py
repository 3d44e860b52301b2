"""Values that have the right type and still cannot be meant: numbers out of range, bases of classes, odd paths."""

from __future__ import annotations

import importlib
import inspect
import math
import typing
from collections.abc import Callable, Iterator
from typing import Any

from jsonargparse import Namespace

from rnnbench.cli.classes import subclass_names
from rnnbench.errors import UserError, did_you_mean
from rnnbench.platform.budget import Budget
from rnnbench.platform.checkpoint import RunCheckpoint
from rnnbench.platform.divergence import DivergenceGuard
from rnnbench.platform.fine_tuning import FineTuning
from rnnbench.ranges import AT_LEAST_0, AT_LEAST_1, POSITIVE, SEED, Range

# Lightning declares types alone; some of what it does not refuse it divides by, the rest it takes for something else.
_LIGHTNING = {
    "seed_everything": SEED,
    "trainer.accumulate_grad_batches": AT_LEAST_1,
    "trainer.check_val_every_n_epoch": AT_LEAST_1,
    "trainer.fast_dev_run": AT_LEAST_0,
    "trainer.gradient_clip_val": AT_LEAST_0,
    "trainer.limit_predict_batches": AT_LEAST_0,
    "trainer.limit_test_batches": AT_LEAST_0,
    "trainer.limit_train_batches": AT_LEAST_0,
    "trainer.limit_val_batches": AT_LEAST_0,
    "trainer.log_every_n_steps": AT_LEAST_1,
    "trainer.max_epochs": Range(least=-1),
    "trainer.max_steps": Range(least=-1),
    "trainer.min_epochs": AT_LEAST_0,
    "trainer.min_steps": AT_LEAST_0,
    "trainer.num_nodes": AT_LEAST_1,
    "trainer.num_sanity_val_steps": Range(least=-1),
    "trainer.overfit_batches": AT_LEAST_0,
    "trainer.reload_dataloaders_every_n_epochs": AT_LEAST_0,
    "trainer.val_check_interval": POSITIVE,
}
_OWNERS = {"budget": Budget, "checkpoint": RunCheckpoint, "divergence": DivergenceGuard, "fine_tuning": FineTuning}
# What is called so in a class of rnnbench counts something of which there has to be one.
_SIZES = ("_size", "_length")
# Where infinity is no way to say "without limit".
_OF_CLASSES = ("model.", "data.")

Complain = Callable[[str, str, str | None], UserError]
"""Dotted key, problem and hint -> the error, with the place where the key was set."""


def check_values(config: Namespace, complain: Complain) -> None:
    """Looks at every option of a verb.

    Args:
        config: What was parsed.
        complain: Makes the error.

    Raises:
        UserError: The first value that cannot be meant.
    """
    for group in ("trainer", *_OWNERS):
        if group in config and not isinstance(config[group], Namespace):
            raise complain(group, f"expected a mapping of options to values, found {str(config[group])[:80]!r}", None)
    for key, allowed in _LIGHTNING.items():
        _check_number(key, config.get(key), allowed, complain)
    for group, owner in _OWNERS.items():
        if group in config:
            _check_arguments(group, owner, config[group], complain)
    for key, value in _nodes("", config):
        if isinstance(value, str) and "\0" in value:
            raise complain(key, "holds a NUL character, which no path and no name can", None)
        if isinstance(value, float) and (math.isnan(value) or (math.isinf(value) and key.startswith(_OF_CLASSES))):
            raise complain(key, f"must be a finite number, found {value}", None)
        if isinstance(value, Namespace) and isinstance(value.get("class_path"), str):
            _check_class(key, value, complain)


def _nodes(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """All values in a configuration with their dotted keys."""
    yield key, value
    if isinstance(value, (Namespace, dict)):
        for name, inner in vars(value).items() if isinstance(value, Namespace) else value.items():
            yield from _nodes(f"{key}.{name}" if key else str(name), inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _nodes(key, inner)


def _check_class(key: str, value: Namespace, complain: Complain) -> None:
    module, _, name = value.class_path.rpartition(".")
    try:
        owner = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):  # the parser has found it otherwise
        return
    if inspect.isabstract(owner):
        known = did_you_mean(name, subclass_names(owner))
        raise complain(key, f"{name} is the base of others and can do nothing itself", known)
    if inspect.isclass(owner) and isinstance(value.get("init_args"), Namespace):
        _check_arguments(f"{key}.init_args", owner, value.init_args, complain)


def _check_arguments(key: str, owner: type, arguments: Namespace, complain: Complain) -> None:
    hints = _hints(owner)
    parameters = inspect.signature(owner).parameters if hints else {}
    for name, hint in hints.items():
        if name not in parameters or name not in arguments:
            continue
        value = arguments[name]
        # The parser takes null for whatever is built by a callable.
        nullable = hint is Any or type(None) in typing.get_args(hint) or parameters[name].default is None
        if value is None and not nullable:
            raise complain(f"{key}.{name}", "cannot be null", "leave it out")
        sizes = [AT_LEAST_1] if owner.__module__.startswith("rnnbench.") and name.endswith(_SIZES) else []
        for allowed in _ranges(hint) or sizes:
            _check_number(f"{key}.{name}", value, allowed, complain)


def _hints(owner: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner.__init__, include_extras=True)  # type: ignore[misc]
    except (NameError, TypeError):  # another's class, with names that its module does not know
        return {}


def _ranges(hint: Any) -> list[Range]:
    """The ranges in a type, be it one of a union."""
    found = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Range)]
    return found + [one for argument in typing.get_args(hint) for one in _ranges(argument)]


def _check_number(key: str, value: Any, allowed: Range, complain: Complain) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        problem = allowed.complaint(value)
        if problem is not None:
            raise complain(key, problem, None)
