"""Runs and trainings from Python: the page's own code, data in memory, and what is said of wrong input."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import rnnbench
from rnnbench.api.tables import as_path
from rnnbench.cli import main
from rnnbench.errors import UserError

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
TINY = {"max_epochs": 1, "model__backbone__hidden_size": 4, "model__embedding__embedding_size": 4}


def reviews(count=300):
    kinds = [("fine", "good"), ("dull", "bad"), ("great", "good")]
    return [{"review": f"a {kinds[i % 3][0]} film {i % 7}", "stars": kinds[i % 3][1]} for i in range(count)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A tiny classifier of a frame."""
    folder = tmp_path_factory.mktemp("runs")
    frame = pd.DataFrame(reviews(120))
    names = {"text": "review", "label": "stars"}
    return rnnbench.fit("sentiment/builtin", data=frame, columns=names, runs=folder, name="tiny", **TINY)


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path):
    pd.DataFrame(reviews()).to_csv(tmp_path / "reviews.csv", index=False)
    names = {}
    for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        exec(compile(match["code"], str(PAGE), "exec"), names)
    assert [answer["label"] for answer in names["answers"]] == ["good", "bad"]
    assert len(names["table"]) == 2
    assert Path(names["best"]).is_dir()
    assert names["second"].config["data"]["init_args"]["batch_size"] == 20
    assert names["second"].result.seed == 7


def test_importing_it_imports_nothing():
    code = "import sys, rnnbench; sys.exit(len({'torch', 'lightning', 'numpy', 'pandas', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert (Path(rnnbench.__file__).parent / "py.typed").is_file()


def test_it_answers_what_the_verb_answers(run, tmp_path, capsys):
    texts = ["a fine film", "dull", "a great film 3"]
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    assert main(["predict", f"--run={run.path}", "--format=json", "texts.txt"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answers = run.predict(texts)
    assert answers == told
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1)
    # In a batch of another size: the same to what float32 holds.
    [alone] = run.predict(texts[0])
    assert alone.pop("probabilities") == pytest.approx(answers[0].pop("probabilities"), rel=1e-6)
    assert alone == answers[0]
    with pytest.warns(UserWarning, match="no words in it"):
        assert run.predict([""]) == [{"text": "", "label": None, "probabilities": None}]


def test_a_run_is_the_same_when_it_is_loaded(run):
    again = rnnbench.load(str(run.path))
    assert again.metrics == run.metrics
    assert again.predict(["fine"]) == run.predict(["fine"])
    assert again.model.training is False
    assert "<td" in again._repr_html_()
    assert "tiny" in rnnbench.results(run.path)._repr_html_()


def test_a_table_of_any_kind_is_the_same_data(tmp_path):
    import datasets

    rows = reviews(9)
    paths = {as_path(data, tmp_path) for data in (rows, pd.DataFrame(rows))}
    assert len(paths) == 2  # pandas adds notes of its own to the file
    paths.add(as_path(datasets.Dataset.from_list(rows), tmp_path))
    for path in paths:
        assert pd.read_parquet(path).to_dict("records") == rows
    assert as_path("x.csv", tmp_path) == Path("x.csv")
    folder = as_path({"train": rows, "test": rows[:2]}, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["test.parquet", "train.parquet"]
    assert [path for path in (tmp_path / "data").iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "there is no row"),
        (pd.DataFrame({"text": []}), "there is no row"),
        (pd.DataFrame([[1]]), "names of columns are texts"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "two columns are called 'text'"),
        ([{"text": "\ud800", "label": "b"}], "no text in UTF-8"),
        (["a", "b"], "data of this kind cannot be read: a list of str"),
        (3, "data of this kind cannot be read: int"),
        ([{"text": "a", "label": 1}, {"text": 3, "label": "b"}], "values of several kinds"),
        ({"trian": [{"text": "a"}]}, "did you mean: train"),
    ],
)
def test_what_is_no_table_is_told(data, problem, tmp_path):
    with pytest.raises(UserError, match=problem):
        as_path(data, tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(UserError, match="runs.data\ncannot be made: Not a directory"):
        as_path(reviews(9), tmp_path / "runs")


@pytest.mark.parametrize(
    "one",
    [3, [1.5], pd.DataFrame({0: [1.0]}), pd.DataFrame({"value": [object()]})],
    ids=["int", "list", "name", "value"],
)
def test_what_is_no_file_and_no_table_is_told(one):
    from rnnbench.api.run import _file

    with pytest.raises(UserError, match="^predict\n"), _file(one):
        pass


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"preset": "sentimen/builtin"}, "did you mean: sentiment/builtin"),
        ({"preset": []}, "no preset is named"),
        ({"preset": "cells/gru", "data": [{"text": "a"}]}, "no data are named in it"),
        ({"preset": "sentiment/builtin", "max_epoch": 3}, "did you mean: max_epochs"),
        ({"preset": "sentiment/builtin", "strategy": "dpp"}, "--trainer.strategy\n.*invalid strategy name"),
        ({"preset": "sentiment/builtin", "accelerator": "cpu", "devices": -7}, "--trainer.devices\n.*int > 0"),
        ({"preset": "sentiment/builtin", "model__backbone__cell": object}, "is no plain value"),
        ({"preset": "sentiment/builtin", "data": reviews(9)}, "has no column 'text'; there are: review, stars"),
    ],
)
def test_a_wrong_training_is_told_and_leaves_no_run(options, problem, tmp_path):
    with pytest.raises(UserError, match=problem):
        rnnbench.fit(**options)
    assert not list(tmp_path.glob("runs/*/*/config.yaml"))


def test_a_wrong_question_is_told(run, tmp_path):
    with pytest.raises(UserError, match="texts are wanted, found int"):
        run.predict([3])
    with pytest.raises(UserError, match="there is no option --beam"):
        run.predict(["x"], beam=3)
    with pytest.raises(UserError, match="gives its answers back"):
        run.predict(["x"], output="file")
    with pytest.raises(UserError, match="there is no device"):
        run.predict(["x"], device="abacus")
    with pytest.raises(UserError, match="no such run folder"):
        rnnbench.load(tmp_path / "none")
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        rnnbench.other  # noqa: B018
