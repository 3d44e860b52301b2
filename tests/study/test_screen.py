"""What a person sees."""

import io

import pytest
from a_study import ONE
from rich.console import Console

from rnnbench.study import plan
from rnnbench.study.launch import Event, Outcome
from rnnbench.study.screen import Screen
from rnnbench.study.state import Standing


@pytest.fixture
def runs(study, tmp_path):
    found = study(ONE)
    return [run for pair in plan.pairs(found) for run in plan.finals(found, pair, {}, tmp_path)]


def shown(screen: Screen, console: Console) -> str:
    with console.capture() as capture:
        console.print(screen._table())
    return capture.get()


def test_a_table_that_lives(runs, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    states = [Standing("queued"), Standing("queued"), Standing("queued"), Standing("failed", "[bold]bad luck[/bold]")]
    standings = {run.id: state for run, state in zip(runs, states, strict=True)}
    screen = Screen(console, runs, standings, 1)
    screen.tell(Event(runs[0], "started"))
    screen.tell(Event(runs[0], "progress", 0.0))
    assert screen.counts() == "2 queued, 1 running, 0 done, 1 failed"
    assert screen.left() is None
    now[0] = 10.0
    screen.tell(Event(runs[0], "progress", 0.25))
    page = shown(screen, console)
    assert "text_generation/char_lstm-lstm-1" in page
    assert "0:00:30 left" in page
    assert f"failed {runs[3].id}: [bold]bad luck[/bold]" in page
    now[0] = 40.0
    screen.tell(Event(runs[0], "ended", outcome=Outcome("done")))
    assert screen.left() == 80.0
    screen.tell(Event(runs[1], "started"))
    screen.tell(Event(runs[1], "ended", outcome=Outcome("interrupted")))
    assert screen.counts() == "2 queued, 0 running, 1 done, 1 failed"
    assert "0:01:20 left for all" in shown(screen, console)


def test_lines_where_there_is_no_terminal(runs):
    console = Console(file=io.StringIO(), width=40)
    with Screen(console, runs, {run.id: Standing("queued") for run in runs}, 2) as screen:
        screen.tell(Event(runs[0], "started"))
        screen.tell(Event(runs[0], "ended", outcome=Outcome("failed", "no [such] option")))
    first, second = console.file.getvalue().splitlines()
    assert first == f"[0/4] started {runs[0].id}"
    assert second == f"[1/4] failed {runs[0].id} after 0:00:00: no [such] option"
