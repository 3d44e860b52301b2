"""Under which conditions a result was made, also where an older schema did not say so."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.results.protocol import FIELDS, Protocol
from rnnbench.results.record import Measurement, Metric, read_result, write_result

NEW = ("checkpoint", "decoding", "precision", "engine", "tests", "protocol")
NEWER_THAN_1 = (*NEW, "selection", "budget", "settings")
words = st.sampled_from(["a", "b"])
protocols = st.builds(
    Protocol,
    application=words,
    fingerprint=words,
    metrics=st.dictionaries(st.tuples(st.sampled_from(["validation", "test"]), words), words),
    selection=words,
    budget=st.none() | words,
    hardware=st.none() | words,
    decoding=st.none() | words,
    checkpoint=st.none() | words,
)


@given(one=protocols, other=protocols)
def test_differences(one: Protocol, other: Protocol) -> None:
    assert one.differences(one) == []
    assert one.differences(other) == other.differences(one)
    assert set(one.differences(other, FIELDS)) == set()
    assert (one.hash == other.hash) == (one == other)
    for name in ("application", "fingerprint", "selection"):
        assert (name in one.differences(other)) == (getattr(one, name) != getattr(other, name))
    for name in ("budget", "hardware", "decoding", "checkpoint"):
        a, b = getattr(one, name), getattr(other, name)
        assert (name in one.differences(other)) == (None not in (a, b) and a != b)
    both = sorted({name for _, name in one.metrics} & {name for _, name in other.metrics})
    leading = {key for key in one.metrics.keys() & other.metrics.keys() if key[1] == (both or [None])[0]}
    assert ("metrics" in one.differences(other)) == any(one.metrics[key] != other.metrics[key] for key in leading)


def test_only_the_leading_metric_parts(make_result) -> None:
    """Perplexities of words and of subwords do not part translations with BLEU, and BLEU does not part perplexities."""

    def protocol(bleu: str, perplexity: str) -> Protocol:
        signatures = {"bleu": bleu, "perplexity": perplexity}
        metrics = {"test": {name: Metric(value=1.0, signature=text) for name, text in signatures.items()}}
        return make_result(application="translation", metrics=metrics).protocol

    one, other = protocol("bleu|a:1", "perplexity|tokens:1"), protocol("bleu|a:1", "perplexity|tokens:2")
    assert one.differences(other) == []
    assert one.differences(other, metric="perplexity") == ["metrics"]
    assert one.differences(protocol("bleu|a:2", "perplexity|tokens:1")) == ["metrics"]


def test_a_budget_of_time_is_one_of_its_hardware(make_result) -> None:
    fast = make_result(budget="seconds:60", hardware={"cpu": "fast", "threads": 2})
    slow = make_result(budget="seconds:60", hardware={"cpu": "slow", "threads": 2})
    assert fast.protocol.differences(slow.protocol) == ["hardware"]
    assert make_result(hardware={"cpu": "fast"}).protocol.differences(make_result(hardware={}).protocol) == []


def test_the_state_and_the_search_of_a_test_are_conditions(make_result) -> None:
    one = make_result(checkpoint="selected", decoding="best_path").protocol
    assert one.differences(make_result(checkpoint="last.ckpt", decoding="best_path").protocol) == ["checkpoint"]
    assert one.differences(make_result(checkpoint="selected", decoding="beam16").protocol) == ["decoding"]
    assert one.differences(make_result(checkpoint="selected").protocol) == [], "a model that searches for nothing"


def test_the_hash_is_written_and_does_not_depend_on_values_seeds_or_costs(tmp_path: Path, make_result) -> None:
    def written(**changes: object) -> str:
        write_result(tmp_path / "result.json", make_result(**changes))
        return json.loads((tmp_path / "result.json").read_text())["protocol"]

    same = [written(**change) for change in ({}, {"test": 1.0}, {"seed": 7}, {"model": "GRU"}, {"parameters": 3})]
    assert len(set(same)) == 1
    assert len(same[0]) == 12
    changes = [{"fingerprint": "b"}, {"budget": "epochs:2"}, {"selection": "last"}, {"signature": "tokens:9"}]
    assert len({same[0], *(written(**change) for change in changes)}) == 5


def test_a_hash_that_is_not_that_of_the_conditions_is_named(tmp_path: Path, make_result) -> None:
    path = tmp_path / "result.json"
    write_result(path, make_result())
    path.write_text(path.read_text().replace('"epochs:13"', '"epochs:14"'))
    with pytest.raises(UserError, match="not that of these conditions"):
        read_result(path)


def _older(path: Path, result, version: int, **changes: object) -> None:
    write_result(path, result)
    content = json.loads(path.read_text())
    newer = NEWER_THAN_1 if version == 1 else NEW
    old = {name: value for name, value in content.items() if name not in newer}
    path.write_text(json.dumps({**old, "schema_version": version, **changes}))


def _schema_1(path: Path, result, **changes: object) -> None:
    _older(path, result, 1, **changes)


def test_schema_2_is_upgraded(tmp_path: Path, make_result) -> None:
    path = tmp_path / "result.json"
    _older(path, make_result(), 2, protocol="0123456789ab")
    read = read_result(path)
    assert dataclasses.replace(read, checkpoint=None) == make_result()
    assert (read.checkpoint, read.decoding, read.tests) == ("selected", None, [])
    _older(path, make_result(test=None), 2)
    assert read_result(path).checkpoint is None
    write_result(path, read)
    assert read_result(path) == read


def test_every_test_is_kept(tmp_path: Path, make_result) -> None:
    tests = [
        Measurement(time="t", checkpoint="selected", decoding=None, values={"perplexity": value})
        for value in (1.5, math.inf)
    ]
    write_result(tmp_path / "result.json", make_result(tests=tests))
    assert read_result(tmp_path / "result.json").tests == tests


@pytest.mark.parametrize(
    ("changes", "selection", "budget"),
    [
        ({}, "min validation/nats_per_token", "epochs:13"),
        ({"application": "sentiment"}, "max validation/accuracy", "epochs:13"),
        ({"application": "labelling", "metric": "entity_f1"}, "max validation/entity_f1", "epochs:13"),
        ({"steps": 0}, "min validation/nats_per_token", None),
        ({"epochs": 12.5}, "min validation/nats_per_token", "steps:30186"),
    ],
)
def test_schema_1_is_upgraded(tmp_path: Path, make_result, changes: dict, selection: str, budget: str | None) -> None:
    result = make_result()
    spent = {name: changes.pop(name) for name in ("steps", "epochs") if name in changes}
    result = make_result(training=dataclasses.replace(result.training, **spent), **changes)
    path = tmp_path / "result.json"
    _schema_1(path, result)
    read = read_result(path)
    assert (read.selection, read.budget, read.schema_version) == (selection, budget, 5)
    new = {"selection": "", "budget": "", "settings": "", "checkpoint": None}
    assert dataclasses.replace(read, **new) == dataclasses.replace(result, **new)
    write_result(path, read)
    assert read_result(path) == read


def test_commands_of_schema_1_that_differ_in_the_seed_are_the_same_settings(tmp_path: Path, make_result) -> None:
    def settings(command: str) -> str:
        _schema_1(tmp_path / "result.json", make_result(command=command))
        return read_result(tmp_path / "result.json").settings

    one = settings("rnnbench fit --config a --seed_everything 1 --name a-1 --runs here")
    assert one == settings("rnnbench fit --config a --seed_everything=2 --name=b")
    assert one != settings("rnnbench fit --config a --seed_everything 1 --model.lr 2")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"application": "weather"}, "written under schema 1, .* 'weather'"),
        ({"application": "labelling"}, "written under schema 1, .* 'labelling'"),
        ({"training": 7}, r"result\.training: expected an object"),
        ({"metrics": 7}, r"result\.metrics: expected an object"),
        ({"command": 7}, r"result\.command: expected text"),
    ],
)
def test_what_cannot_be_upgraded_is_named(tmp_path: Path, make_result, changes: dict, problem: str) -> None:
    path = tmp_path / "result.json"
    _schema_1(path, make_result(), **changes)
    with pytest.raises(UserError, match=problem) as error:
        read_result(path)
    assert error.value.where == str(path)
    assert "result.settings" not in error.value.problem
    assert ("train it anew" in error.value.hint) == ("schema 1" in problem)
