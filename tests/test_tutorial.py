"""The application that docs/add-an-application.md writes is complete: its files are those of the page."""

import re
from pathlib import Path

import pytest

from rnnbench.applications import find
from rnnbench.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "add-an-application.md"
FILE = re.compile(r"^`(?P<name>[\w./]+)`[^\n]*:\n\n```\w+\n(?P<content>.*?)^```", re.MULTILINE | re.DOTALL)
STUDY = re.compile(r"\(`study.yaml`\):\n\n```yaml\n(?P<content>.*?)```", re.DOTALL)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files of the page, written into the working folder."""
    monkeypatch.syspath_prepend(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    found = {match["name"]: match["content"] for match in FILE.finditer(page)}
    for name, content in found.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY.search(page)["content"], encoding="utf-8")
    find.forget()
    yield found
    find.forget()


def test_it_has_every_verb(files, capsys, tmp_path):
    lines = [line for content in files.values() for line in content.splitlines() if line.strip()]
    assert len(lines) <= 150
    assert main(["list", "applications"]) == 0
    assert "Counting vowels" in capsys.readouterr().out
    assert main(["study", "study.yaml"]) == 0
    run = next((tmp_path / "runs/studies/study/vowels").iterdir())
    assert main(["report", "runs/studies/study", "--out=report"]) == 0
    page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
    assert "GRU" in page
    assert "Elman" in page
    assert main(["compare", "runs/studies/study"]) == 0
    (tmp_path / "words.txt").write_text("banana\nxyz\n")
    capsys.readouterr()
    assert main(["predict", f"--run={run}", "words.txt"]) == 0
    assert re.fullmatch(r"\d+\tbanana\n\d+\txyz\n", capsys.readouterr().out)


@pytest.mark.slow
def test_it_keeps_the_laws(files, capsys):
    assert main(["check-task", "vowels"]) == 0
    assert "vowels keeps all" in capsys.readouterr().out
