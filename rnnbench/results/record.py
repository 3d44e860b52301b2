"""The schema of a run's ``result.json``: one frozen dataclass tree, written atomically and read strictly.

The file is strict JSON. A number that is not finite (the loss of a run that diverged) is one of the strings ``"NaN"``,
``"Infinity"`` and ``"-Infinity"``; only fields that hold a number read them back as one. Fields keep the order of this
page and the keys of every mapping are sorted, so that equal results are equal files. The last entry, ``protocol``, is
the hash of the conditions under which the result was made.
"""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from rnnbench.errors import UserError, did_you_mean
from rnnbench.results.metric import comparable
from rnnbench.results.protocol import Protocol, Split
from rnnbench.results.upgrade import upgrade
from rnnbench.safe_files import read_text, replace_text

RESULT_FILE = "result.json"
SCHEMA_VERSION = 5

Status = Literal["running", "finished", "interrupted", "failed"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One measured value.

    Args:
        value: The number itself.
        signature: How it was computed, e.g. ``perplexity|tokens:82430|strips:1|unknown:0|carried``
            (``rnnbench.results.metric.comparable`` says which parts two values must share to be compared).
    """

    value: float
    signature: str


@dataclass(frozen=True, kw_only=True)
class Data:
    """The data a run has seen.

    Args:
        dataset: Name of the data set, a label for readers.
        fingerprint: Hash of its content and splits; results are compared only within one fingerprint.
        details: Facts that help a reader: level, vocabulary size, sizes of the splits. Numbers here are finite.
    """

    dataset: str
    fingerprint: str
    details: dict[str, str | int | float]


@dataclass(frozen=True, kw_only=True)
class Training:
    """What training took.

    Args:
        epochs: Passes over the training data; a fraction where the run stopped within one.
        steps: Optimizer steps; 0 for a counting model.
        tokens: Training tokens read, all epochs together.
        flops: Floating-point operations of training, None where they are not counted.
        tokens_per_second: Training speed, None where nothing was trained.
        wall_seconds: Time by the clock, over all resumed parts.
        cpu_seconds: Processor time of all processes.
        peak_memory_bytes: Most memory held at once.
    """

    epochs: float
    steps: int
    tokens: int
    flops: float | None
    tokens_per_second: float | None
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One measurement on the test split: a run that is tested until it pleases shows it.

    Args:
        time: When, ISO 8601 with the time zone.
        checkpoint: The state that was tested, as in `Result`.
        decoding: How outputs were searched for.
        values: Metric name -> value.
    """

    time: str
    checkpoint: str | None
    decoding: str | None
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Start:
    """What the weights of a run began from.

    Args:
        run: The run that they were taken from, as it was named.
        dataset: Name of its data set.
        about: Its application, model and data, and what it began from itself: only runs of one beginning are ranked
            together.
        taken: Name of each weight -> what of it was taken: ``whole``, ``new``, or ``120 of 150 words``.
    """

    run: str
    dataset: str
    about: str
    taken: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that a run says about itself.

    Args:
        application: Id of the application, e.g. ``text_generation``.
        model: Name of the model family as tables print it, e.g. ``LSTM`` or ``KneserNey 5-gram``.
        cell: Name of the recurrent cell, None for a model without one.
        baseline: Whether the model stands in tables as a yardstick and not as a recurrent network.
        preset: Name of the config the run was made with, e.g. ``text_generation/ptb_small``, None without one.
        run: Name of the run.
        status: ``finished`` alone is ranked and recorded.
        message: What stopped the run, None where nothing did.
        data: The data it has seen.
        metrics: Split -> metric name -> value and signature.
        parameters: Number of trained parameters (of stored counts for a counting model).
        training: What training took.
        selection: The rule by which the measured state of the model was chosen, e.g. ``min validation/nats_per_token``.
        budget: What training was allowed, e.g. ``epochs:13``, and of how many batches an epoch had where that was less
            than all; None for a model that is counted, not trained in steps.
        settings: Hash of all options that bear on the result, less the seed: runs that share it differ in the seed.
        seed: Seed of the run, None where nothing is drawn.
        versions: Name of a package (python, torch, lightning, rnnbench) -> version.
        hardware: cpu, cores, threads, gpu and the like -> what it is.
        processes: Number of processes that trained together (world size).
        git_commit: Commit of the working tree, None outside one.
        command: The command line that made the run.
        started: When it began, ISO 8601 with the time zone.
        finished: When it ended, None while it runs.
        checkpoint: The state whose test values these are: ``selected`` for the one that the rule of selection chose, or
            the file's name; None before a test.
        decoding: How outputs were searched for, e.g. ``beam:5``; None for a model that searches for none.
        precision: Precision of training, e.g. ``32-true``; None where it is not known.
        engine: What ran the cells over time; None where it is not known, or there is none.
        tests: Every test of this run, the first one first.
        start: What its weights began from; None for a run from scratch.
        schema_version: Version of this schema.
    """

    schema_version: int = SCHEMA_VERSION
    application: str
    model: str
    cell: str | None
    baseline: bool
    preset: str | None
    run: str
    status: Status
    message: str | None
    data: Data
    metrics: dict[Split, dict[str, Metric]]
    parameters: int
    training: Training
    selection: str
    budget: str | None
    settings: str
    seed: int | None
    versions: dict[str, str]
    hardware: dict[str, str | int | float]
    processes: int
    git_commit: str | None
    command: str
    started: str
    finished: str | None
    checkpoint: str | None = None
    decoding: str | None = None
    precision: str | None = None
    engine: str | None = None
    tests: list[Measurement] = field(default_factory=list)
    start: Start | None = None

    @functools.cached_property
    def protocol(self) -> Protocol:
        """The conditions under which the result was made."""
        return Protocol(
            application=self.application,
            fingerprint=self.data.fingerprint,
            metrics={
                (split, name): comparable(metric.signature)
                for split, metrics in self.metrics.items()
                for name, metric in metrics.items()
            },
            selection=self.selection,
            budget=self.budget,
            hardware=self._clock(),
            decoding=self.decoding,
            checkpoint=self.checkpoint,
            start=None if self.start is None else self.start.about,
        )

    def _clock(self) -> str | None:
        """The hardware on which a budget of time was spent; any other budget is the same everywhere."""
        if "seconds:" not in (self.budget or ""):
            return None
        unit = self.hardware.get("gpu", self.hardware.get("cpu", "not known"))
        return f"{unit}, {self.hardware.get('threads', 'an unknown number of')} threads"

    def value(self, split: Split, metric: str) -> float | None:
        """The value of ``metric`` on ``split``, None where it was not measured."""
        measured = self.metrics.get(split, {}).get(metric)
        return None if measured is None else measured.value


def write_result(path: Path, result: Result) -> None:
    """Write ``result`` to ``path``: the file there is the old one or the new one, never a part of either."""
    content = {**_encode(result, "result"), "protocol": result.protocol.hash}
    replace_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_result(path: Path) -> Result:
    """Read what ``write_result`` wrote, now or under an older schema.

    Raises:
        UserError: It is anything else; the message names the file and the field.
    """
    if not path.is_file():
        raise UserError("there is no result here", where=path, hint="a run writes one; name the folder of a run")
    try:
        content = json.loads(read_text(path), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f"truncated or not JSON: {error}", where=path, hint=_REMAKE) from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is int and version > SCHEMA_VERSION:
        raise UserError(
            f"written by a newer rnnbench: schema {version}, and this one reads up to {SCHEMA_VERSION}",
            where=path,
            hint="update rnnbench",
        )
    try:
        content = upgrade(content)
    except ValueError as error:
        raise UserError(str(error), where=path, hint="leave this run out, or train it anew") from None
    try:
        written = content.pop("protocol", None) if isinstance(content, dict) else None
        result: Result = _decode(Result, content, "result")
        if written is not None and written != result.protocol.hash:
            raise ValueError(f"result.protocol: {written} is not that of these conditions, {result.protocol.hash}")
    except (ValueError, OverflowError) as error:
        raise UserError(str(error), where=path, hint=_REMAKE) from None
    if result.schema_version != SCHEMA_VERSION:
        raise UserError(f"there is no schema {result.schema_version}", where=path, hint=_REMAKE)
    return result


_REMAKE = "leave this run out, or write its record again: rnnbench fit --resume RUN, then rnnbench test --run RUN"
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    NoneType: "null",
    dict: "an object",
    list: "a list",
}


def _encode(value: Any, where: str, hint: Any = None) -> Any:
    if is_dataclass(value):
        hints: dict[str, Any] = _hints(type(value))  # type: ignore[arg-type]
        return {
            part.name: _encode(getattr(value, part.name), f"{where}.{part.name}", hints[part.name])
            for part in fields(value)
        }
    if isinstance(value, list):
        return [_encode(item, where) for item in value]
    if isinstance(value, dict):
        for key, item in value.items():
            # Where text is allowed, too, it would read as "NaN".
            if isinstance(item, float) and not math.isfinite(item) and get_args(hint)[1] is not float:
                raise ValueError(f"{where}.{key} is {item}, but facts are text or finite numbers")
        return {key: _encode(value[key], f"{where}.{key}") for key in sorted(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return next(name for name, special in _NOT_FINITE.items() if str(special) == str(value))
    return value


def _decode(hint: Any, value: Any, where: str) -> Any:
    """``value`` as the type ``hint``, which is one of those the dataclasses above are made of."""
    if is_dataclass(hint):
        return _decode_dataclass(hint, value, where)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is dict and isinstance(value, dict):
        key_hint, item_hint = arguments
        return {
            _decode(key_hint, key, where): _decode(item_hint, item, f"{where}.{key}") for key, item in value.items()
        }
    if origin is list and isinstance(value, list):
        return [_decode(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value)]
    if origin is Literal:
        if isinstance(value, str) and value in arguments:
            return value
        raise ValueError(f"{where}: expected one of {', '.join(arguments)}, found {value!r}")
    if origin is UnionType:
        exact = [choice for choice in arguments if type(value) is choice]
        return _decode(exact[0] if exact else arguments[0], value, where)
    if type(value) is hint:
        return value
    if hint is float and (type(value) is int or (isinstance(value, str) and value in _NOT_FINITE)):
        return _NOT_FINITE[value] if isinstance(value, str) else float(value)
    raise ValueError(f"{where}: expected {_WORDS[origin or hint]}, found {json.dumps(value)[:60]}")


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, found {json.dumps(value)[:60]}")
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise ValueError(f"{where}: unknown field {name!r} ({did_you_mean(name, hints)})")
    missing = [name for name in hints if name not in value]
    if missing:
        raise ValueError(f"{where}: missing {', '.join(missing)}")
    return kind(**{name: _decode(hint, value[name], f"{where}.{name}") for name, hint in hints.items()})


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not strict JSON")
