"""Under which conditions a result was made, also where an older schema did not say so."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.results.protocol import FIELDS, Protocol
from rnnbench.results.record import read_result, write_result

NEW = ("selection", "budget", "settings", "protocol")
words = st.sampled_from(["a", "b"])
protocols = st.builds(
    Protocol,
    application=words,
    dataset=words,
    fingerprint=words,
    metrics=st.dictionaries(st.tuples(st.sampled_from(["validation", "test"]), words), words),
    selection=words,
    budget=st.none() | words,
)


@given(one=protocols, other=protocols)
@settings(deadline=None)
def test_differences(one: Protocol, other: Protocol) -> None:
    assert one.differences(one) == []
    assert one.differences(other) == other.differences(one)
    assert set(one.differences(other, FIELDS)) == set()
    assert (one.hash == other.hash) == (one == other)
    for name in ("application", "dataset", "fingerprint", "selection"):
        assert (name in one.differences(other)) == (getattr(one, name) != getattr(other, name))
    measured_by_both = one.metrics.keys() & other.metrics.keys()
    assert ("metrics" in one.differences(other)) == any(
        one.metrics[key] != other.metrics[key] for key in measured_by_both
    )


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


def _schema_1(path: Path, result, **changes: object) -> None:
    write_result(path, result)
    content = json.loads(path.read_text())
    old = {name: value for name, value in content.items() if name not in NEW}
    path.write_text(json.dumps({**old, "schema_version": 1, **changes}))


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
    assert (read.selection, read.budget, read.schema_version) == (selection, budget, 2)
    assert dataclasses.replace(read, selection="", budget="", settings="") == dataclasses.replace(
        result, selection="", budget="", settings=""
    )
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
