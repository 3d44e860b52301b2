"""The dashboard is tested as a specification; W&B itself is never asked."""

from __future__ import annotations

import json

import pytest

from rnnbench.applications import applications
from rnnbench.cli import main
from rnnbench.dashboard.boards import CELL, boards
from rnnbench.results.metric import better


def test_every_application_has_a_board() -> None:
    assert [board.application for board in boards()] == list(applications())


def test_boards_have_curves_bars_options_and_known_metrics() -> None:
    for board in boards():
        assert {"curves", "bars", "parallel"} <= {panel.kind for panel in board.panels}
        for panel in board.panels:
            if panel.kind == "bars":
                assert all(better(key.partition("/")[2]) for key in panel.keys)
    assert any(panel.kind == "pictures" for board in boards() for panel in board.panels)


@pytest.fixture
def specifications(monkeypatch) -> tuple[dict, dict]:
    """Workspace and report as they would be sent."""
    pytest.importorskip("wandb_workspaces")
    from rnnbench.dashboard.objects import report, workspace

    made = workspace("us", "them", boards())._to_model(), report("us", "them", boards())._to_model()
    first, second = (json.loads(one.spec.model_dump_json(by_alias=True, exclude_none=True)) for one in made)
    return first, second


@pytest.mark.filterwarnings("ignore")
def test_workspace(specifications) -> None:
    sections = specifications[0]["section"]["panelBankConfig"]["sections"]
    assert [section["name"] for section in sections] == [board.title for board in boards()]
    for section, board in zip(sections, boards(), strict=True):
        assert len(section["panels"]) == len(board.panels)
    first = sections[-1]["panels"][0]["config"]
    assert first["metrics"] == ["validation/bleu"]
    assert first["groupBy"] == CELL.replace("model.", "model.value.", 1)


@pytest.mark.filterwarnings("ignore")
def test_report(specifications) -> None:
    text = json.dumps(specifications[1])
    for board in boards():
        assert f'"{board.application}"' in text, "its panels show its own runs"
    grids = [block for block in specifications[1]["blocks"] if block["type"] == "panel-grid"]
    assert len(grids) == len(boards())
    for grid, board in zip(grids, boards(), strict=True):
        panels = grid["metadata"]["panelBankSectionConfig"]["panels"]
        places = [(panel["layout"]["x"], panel["layout"]["y"]) for panel in panels]
        assert len(set(places)) == len(board.panels), "no panel covers another"


def test_offline_is_told(monkeypatch, capsys) -> None:
    pytest.importorskip("wandb_workspaces")
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert main(["dashboard", "--entity", "us"]) == 2
    assert "wandb sync" in capsys.readouterr().err


def test_nobody_logged_in(monkeypatch, capsys, tmp_path) -> None:
    pytest.importorskip("wandb_workspaces")
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert main(["dashboard", "--entity", "us"]) == 2
    told = capsys.readouterr().err
    assert "nobody is logged in" in told
    assert "wandb leet" in told


def test_the_missing_extra_is_named(monkeypatch, capsys) -> None:
    monkeypatch.setitem(__import__("sys").modules, "wandb_workspaces", None)
    assert main(["dashboard", "--entity", "us"]) == 2
    assert "pip install 'rnnbench[dashboard]'" in capsys.readouterr().err
