from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.errors import UserError
from rnnbench.results.record import Data, Metric, Result, Training, read_result, write_result

facts = st.dictionaries(st.text(), st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
numbers = st.floats()
results = st.builds(
    Result,
    schema_version=st.just(5),
    data=st.builds(Data, details=facts),
    metrics=st.dictionaries(
        st.sampled_from(["validation", "test"]), st.dictionaries(st.text(), st.builds(Metric, value=numbers))
    ),
    training=st.builds(
        Training, epochs=numbers, flops=st.none() | numbers, tokens_per_second=st.none() | numbers, wall_seconds=numbers
    ),
    hardware=facts,
)


@given(result=results)
def test_round_trip(result: Result) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.json", Path(folder) / "second.json"
        write_result(first, result)
        again = read_result(first)
        write_result(second, again)
        text = first.read_text()
        assert second.read_text() == text
    json.loads(text, parse_constant=pytest.fail)  # strict JSON: no NaN literals
    if "NaN" not in text:
        assert again == result
        assert repr(again.data.details) == repr({key: result.data.details[key] for key in sorted(result.data.details)})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite(tmp_path: Path, make_result, value: float) -> None:
    write_result(tmp_path / "result.json", make_result(test=value))
    read = read_result(tmp_path / "result.json").value("test", "perplexity")
    assert read is not None
    assert str(read) == str(value)


def test_text_that_looks_like_a_number_stays_text(tmp_path: Path, make_result) -> None:
    result = make_result(hardware={"gpu": "NaN"})
    write_result(tmp_path / "result.json", result)
    assert read_result(tmp_path / "result.json") == result


def test_facts_are_finite(tmp_path: Path, make_result) -> None:
    with pytest.raises(ValueError, match=r"hardware\.memory is nan"):
        write_result(tmp_path / "result.json", make_result(hardware={"memory": math.nan}))
    assert list(tmp_path.iterdir()) == []


def test_equal_results_are_equal_files(tmp_path: Path, make_result) -> None:
    write_result(tmp_path / "a", make_result(versions={"torch": "2", "python": "3"}))
    write_result(tmp_path / "b", make_result(versions={"python": "3", "torch": "2"}))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failing_write_keeps_the_old_file(tmp_path: Path, make_result, monkeypatch, function: str) -> None:
    path = tmp_path / "result.json"
    write_result(path, make_result())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, function, fail)
        with pytest.raises(UserError, match="No space left on device"):
            write_result(path, make_result(test=1.0))
    assert read_result(path) == make_result()
    assert list(tmp_path.iterdir()) == [path]


def _without(content: dict, field: str) -> dict:
    return {name: value for name, value in content.items() if name != field}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda text: text[: len(text) // 2], "truncated or not JSON"),
        (lambda text: "", "truncated or not JSON"),
        (lambda text: "[" * 100_000, "truncated or not JSON"),
        (lambda text: text.replace("115.5", "NaN"), "NaN is not strict JSON"),
        (lambda text: "[]", "expected an object"),
        (lambda text: json.dumps(_without(json.loads(text), "seed")), "result: missing seed"),
        (lambda text: text.replace('"seed"', '"sed"'), "unknown field 'sed' (did you mean: seed)"),
        (lambda text: text.replace('"schema_version": 5', '"schema_version": 6'), "newer rnnbench: schema 6"),
        (lambda text: text.replace('"schema_version": 5', '"schema_version": 0'), "there is no schema 0"),
        (lambda text: text.replace('"schema_version": 5', '"schema_version": true'), "expected a whole number"),
        (lambda text: text.replace('"finished"', '"done"', 1), "result.status: expected one of running, finished"),
        (lambda text: text.replace('"test": {', '"train": {'), "expected one of validation, test, found 'train'"),
        (
            lambda text: text.replace("115.5", '"good"'),
            'result.metrics.test.perplexity.value: expected a number, found "',
        ),
        (lambda text: text.replace("4653200", "4653200.5"), "result.parameters: expected a whole number"),
        (lambda text: text.replace('"seed": 1', '"seed": true'), "result.seed: expected a whole number"),
        (lambda text: text.replace("121.0", "1" + "0" * 400), "too large"),
    ],
)
def test_a_spoilt_file_is_named(tmp_path: Path, make_result, spoil, problem: str) -> None:
    path = tmp_path / "result.json"
    write_result(path, make_result())
    path.write_text(spoil(path.read_text()))
    with pytest.raises(UserError) as error:
        read_result(path)
    assert error.value.where == str(path)
    assert problem in error.value.problem
    assert error.value.hint


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(UserError, match="not UTF-8"):
        read_result(tmp_path / "result.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no result here"):
        read_result(tmp_path / "result.json")


def test_an_int_is_read_as_the_float_it_stands_for(tmp_path: Path, make_result) -> None:
    path = tmp_path / "result.json"
    write_result(path, make_result())
    path.write_text(path.read_text().replace("115.5", "115"))
    assert isinstance(read_result(path).value("test", "perplexity"), float)


def test_reading_results_imports_neither_torch_nor_lightning() -> None:
    modules = "rnnbench.results.table, rnnbench.results.render, rnnbench.results.page, rnnbench.results.entry"
    code = (
        f"import sys, {modules}, rnnbench.cli.compare, rnnbench.cli.record\n"
        "print({'torch', 'lightning', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
