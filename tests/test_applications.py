"""Applications are found by their cards, and cards say nothing that is not so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rnnbench.applications import application_of, applications, load_application, metric_cards
from rnnbench.applications.find import forget
from rnnbench.cli import main
from rnnbench.cli.presets import config_path, preset_names, preset_of
from rnnbench.data.cards import card_names, load_card
from rnnbench.errors import UserError

CARD = {
    "name": "digits",
    "title": "Digits",
    "summary": "Counts them.",
    "unit": "digit",
    "metrics": [{"name": "right", "better": "higher"}, {"name": "accuracy", "better": "higher"}],
    "board": ["right"],
    "predict": {"reads": "Lines.", "writes": "Numbers."},
    "quick": "digits/quick",
    "tiny": [],
}


@pytest.fixture(autouse=True)
def _forget():
    yield
    forget()


@pytest.fixture
def card():
    """Writes an application with this card into a folder, which it returns."""

    def write(folder=Path("digits"), **changed):
        (folder / "configs").mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("raise RuntimeError('a card is read without the code')")
        (folder / "card.yaml").write_text(yaml.safe_dump({**CARD, **changed}))
        (folder / "configs/quick.yaml").write_text("# Counts digits\nmodel: {class_path: digits.Counter}\n")
        forget()
        return folder

    return write


@pytest.mark.parametrize("name", applications())
def test_every_card_names_what_there_is(name):
    one = applications()[name]
    assert (one.folder.name, one.module) == (name, f"rnnbench.tasks.{name}")
    assert one.card.quick in preset_names()
    assert one.card.metrics[0].better
    assert all(metric_cards()[metric].better for metric in one.card.board)
    assert Path(config_path(one.card.quick)).parent.name == name, "presets lie in the folder of their application"


def test_every_folder_of_presets_and_every_data_card_belongs_to_applications():
    assert {name.partition("/")[0] for name in preset_names()} == {*applications(), "cells", "smoke", "warm_up"}
    for name in card_names():
        assert set(load_card(name).applications) <= set(applications())


def test_one_in_the_working_folder_is_equal_to_ours(card, capsys):
    card()
    assert load_application("digits").module == "digits"
    assert application_of("digits.model.Counter") is load_application("digits")
    assert application_of("rnnbench.tasks.speech.Recognizer").card.name == "speech"
    assert application_of("elsewhere.Model") is None
    path = config_path("digits/quick")
    assert path.is_file()
    assert preset_of(path) == "digits/quick"
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert "Digits: Counts them." in listed
    assert "Counts digits" in listed


def test_one_of_an_installed_package_is_found(card, tmp_path, monkeypatch):
    site = tmp_path / "site"
    card(site / "bench_digits" / "digits")
    (site / "bench_digits/__init__.py").touch()
    (site / "bench_digits-1.dist-info").mkdir()
    (site / "bench_digits-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: bench_digits\nVersion: 1\n")
    points = site / "bench_digits-1.dist-info/entry_points.txt"
    points.write_text("[rnnbench.applications]\ndigits = bench_digits.digits\n")
    monkeypatch.syspath_prepend(site)
    assert load_application("digits").module == "bench_digits.digits"
    points.write_text("[rnnbench.applications]\ndigits = bench_digits.gone\n")
    forget()
    with pytest.raises(UserError, match="bench_digits.gone, which is not there"):
        applications()
    points.write_text("[rnnbench.applications]\ndigits = bench_digits.digits\n")
    (site / "bench_digits/digits/card.yaml").unlink()
    forget()
    with pytest.raises(
        UserError, match="entry points of bench_digits\n.*digits has no card.yaml in .*\n.*package data"
    ):
        applications()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"name": "letters"}, "calls itself 'letters'"),
        ({"metrics": []}, "metrics is empty"),
        ({"metrics": [{"name": "right", "better": "up"}]}, "metrics.0.better is 'up'"),
        ({"metrics": [{"name": "right"}, {"name": "right"}]}, "right stands twice"),
        ({"board": ["wrong"]}, "'wrong' is none of the metrics"),
        ({"metrics": [{"name": "right"}, {"name": "bleu", "better": "lower"}]}, "bleu is another metric in"),
        ({"learned": {"wrong": 1}}, "'wrong' is none of the metrics"),
        ({"colour": "red"}, "unknown key colour"),
        ({"predict": {**CARD["predict"], "together": 1}}, "predict.together must be true or false"),
        (
            {"predict": {**CARD["predict"], "sliders": [{"option": "x", "low": 0, "high": "1"}]}},
            "predict.sliders.0.high must be a number, found '1'",
        ),
    ],
)
def test_a_card_that_says_something_wrong_is_refused(card, changed, problem):
    path = card(**changed) / "card.yaml"
    with pytest.raises(UserError, match=problem) as caught:
        applications()
    assert Path(str(caught.value.where)).resolve() == path.resolve()


def test_a_name_that_is_taken(card, tmp_path):
    shutil.copytree(card(), tmp_path / "speech")
    (tmp_path / "speech/card.yaml").write_text(yaml.safe_dump({**CARD, "name": "speech"}))
    forget()
    with pytest.raises(UserError, match="two applications are called speech"):
        applications()


def test_an_unknown_name_gets_the_near_one():
    with pytest.raises(UserError, match="no application 'sentimant'") as caught:
        load_application("sentimant")
    assert "sentiment" in caught.value.hint


def test_cards_need_no_torch():
    code = (
        "import sys; from rnnbench.applications import applications; applications(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
