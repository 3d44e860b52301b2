"""Runs on the hub: pushed as text and safetensors, fetched as data of somebody else."""

import json
import pickle
from pathlib import Path

import pytest
import torch
import yaml

import rnnbench as api
from rnnbench.errors import UserError
from rnnbench.hub.card import model_card
from rnnbench.hub.files import FILES, write_files
from rnnbench.hub.taken import make_run
from rnnbench.platform.run_folder import RunFolder
from rnnbench.results.record import read_result


def test_a_pushed_run_answers_from_the_hub_as_from_its_folder(hub, run, rnnbench):
    status, out, _ = rnnbench(f"push {run} me/films")
    assert status == 0
    assert f"{hub.address}/me/films" in out
    assert sorted(hub.models["me/films"]) == sorted(FILES)
    texts = ["the film is good", "the film is bad"]
    fetched = api.load("hf:me/films")
    assert fetched.predict(texts) == api.load(run).predict(texts)
    assert fetched.metrics == api.load(run).metrics
    _, out, _ = rnnbench("predict --run hf:me/films --format json")
    # What was fetched once is not fetched again.
    asked = len([one for one in hub.asked if "safetensors" in one])
    api.load("hf:me/films@main")
    assert len([one for one in hub.asked if "safetensors" in one]) == asked


def test_a_training_begins_from_the_hub(hub, run, rnnbench):
    assert rnnbench(f"push {run} me/films")[0] == 0
    status, out, err = rnnbench(
        "fit --from hf:me/films --trainer.max_steps 1 --trainer.limit_val_batches 1 --name more"
    )
    assert status == 0, err
    assert "begins from hf:me/films, sentiment: BiLSTM 1x4, max on generated_reviews" in out
    assert read_result(Path("runs/sentiment/more/result.json")).start.run == "hf:me/films"


def test_the_files_can_be_seen_before(run, rnnbench, tmp_path):
    pytest.importorskip("safetensors")
    status, out, _ = rnnbench(f"push {run} me/films --output {tmp_path / 'files'}")
    assert status == 0
    assert "nothing was uploaded" in out
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == sorted(FILES)
    assert str(run.parent) not in (tmp_path / "files/config.yaml").read_text()


def test_the_card_says_what_the_record_says(run):
    result = read_result(run / "result.json")
    card = model_card(result, "me/films")
    front = yaml.safe_load(card.split("---\n")[1])
    measured = {one["type"]: one["value"] for one in front["model-index"][0]["results"][0]["metrics"]}
    assert measured == {name: metric.value for name, metric in result.metrics["test"].items()}
    for said in (
        result.data.fingerprint,
        result.protocol.hash,
        "| licence | Apache-2.0, as rnnbench itself |",
        "| seed | 1 |",
        "hf:me/films",
    ):
        assert said in card
    assert result.metrics["test"]["accuracy"].signature.replace("|", "\\|") in card


def test_a_name_in_the_record_is_no_markup(make_hostile):
    card = model_card(make_hostile, "me/films")
    front, body = card.split("---\n", 2)[1:]
    assert "<script>" not in body
    assert yaml.safe_load(front)["model-index"][0]["results"][0]["dataset"]["name"] == "a|b --- <script>"


@pytest.fixture
def make_hostile(run):
    import dataclasses

    result = read_result(run / "result.json")
    return dataclasses.replace(result, data=dataclasses.replace(result.data, dataset="a|b\n---\n<script>"))


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        ("predict --run hf:me/nothing", "there is no such model on the hub, or you may not see it", "hf auth login"),
        ("predict --run hf:me/films@other", "the model has no such revision", "newest"),
        ("predict --run hf:a/b/c", "'a/b/c' is no name on the hub", "OWNER/NAME"),
        ("predict --run hf:", "no model is named", "hf:OWNER/NAME"),
        ("fit --from hf:me/nothing", "there is no such model on the hub", "hf auth login"),
        ("push nowhere me/films", "there is no such run folder", ""),
    ],
)
def test_bad_names_are_told_in_a_line(hub, rnnbench, words, problem, hint):
    hub.models["me/films"] = {}
    status, _, err = rnnbench(words)
    assert status == 2
    assert problem in err
    assert hint in err
    assert len(err.strip().splitlines()) <= 3


def test_nobody_is_logged_in(hub, run, rnnbench, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "wrong")
    status, _, err = rnnbench(f"push {run} me/films")
    assert status == 2
    assert "the hub refuses it" in err
    assert "hf auth login" in err


def test_the_hub_does_not_answer(hub, rnnbench):
    hub.close()
    status, _, err = rnnbench("predict --run hf:me/films")
    assert status == 2
    assert "the hub cannot be reached" in err


def test_a_run_that_is_not_finished_is_not_pushed(run, tmp_path):
    path = run / "result.json"
    path.write_text(path.read_text().replace('"status": "finished"', '"status": "interrupted"'))
    with pytest.raises(UserError, match="not finished: interrupted"):
        write_files(RunFolder(run), tmp_path / "files", "me/films")


# What comes from somebody else. --------------------------------------------------------------------------------------


class Explodes:
    def __reduce__(self):
        return (pytest.fail, ("it was run",))


@pytest.fixture
def files(run, tmp_path):
    pytest.importorskip("safetensors")
    write_files(RunFolder(run), tmp_path / "files", "me/films")
    return tmp_path / "files"


def changed(path, change):
    """A YAML or JSON file with another content."""
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "spoil", "problem"),
    [
        ("model.safetensors", lambda path: path.write_bytes(pickle.dumps(Explodes())), "these weights are damaged"),
        ("model.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-7]), "these weights are damaged"),
        ("model.safetensors", lambda path: path.unlink(), "there is no model.safetensors in it"),
        ("model.json", lambda path: path.write_text("[1"), "truncated or not JSON"),
        ("model.json", lambda path: path.write_text("{}"), "holds no spec, hyper_parameters, lightning"),
        ("model.json", lambda path: changed(path, lambda c: c.update(lightning="; rm")), "is no version"),
        ("config.yaml", lambda path: path.write_text("a: [1"), "not valid YAML"),
        ("config.yaml", lambda path: path.write_text("a: !!python/object/apply:os.getcwd []"), "not valid YAML"),
        ("config.yaml", lambda path: path.write_text("a: 1"), "this is no configuration of a run"),
        (
            "config.yaml",
            lambda path: changed(path, lambda c: c["model"].update(class_path="os.system")),
            "os.system is no",
        ),
        (
            "model.json",
            lambda path: changed(
                path, lambda c: c["hyper_parameters"]["optimizer"].update(class_path="subprocess.Popen")
            ),
            "subprocess.Popen is no class of rnnbench: a model of the hub brings and runs no code",
        ),
        (
            "model.json",
            lambda path: changed(path, lambda c: c["hyper_parameters"].update(_class_path="my_cell.Slow")),
            "my_cell.Slow is no class of rnnbench",
        ),
        ("result.json", lambda path: path.write_text("{}"), "missing"),
    ],
)
def test_what_is_damaged_or_hostile_is_refused_and_leaves_nothing(files, tmp_path, name, spoil, problem):
    spoil(files / name)
    with pytest.raises(UserError, match=problem):
        make_run(files, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_file_does_not_choose_what_makes_the_model(files, tmp_path):
    changed(files / "model.json", lambda content: content["hyper_parameters"].update(_instantiator="pytest.fail"))
    made = make_run(files, tmp_path / "made")
    checkpoint = torch.load(made.best, weights_only=True)
    assert checkpoint["hyper_parameters"]["_instantiator"] == "lightning.pytorch.cli.instantiate_module"
    assert api.load(made.path).predict("the film is fine")
