"""The comparison with plain models runs, says what it left out, and whether goals are met."""

from pathlib import Path

import pytest

import rnnbench.bench.plain.__main__ as command
from rnnbench.bench.fresh import Failed
from rnnbench.bench.plain.cases import CASES, choose
from rnnbench.bench.plain.table import Row, render
from rnnbench.errors import UserError

KNOWN = dict.fromkeys(("machine", "versions", "commit", "date", "load before the start"), "-")
TINY = (
    "sentiment/builtin --model.backbone.engine=reference --model.backbone.hidden_size=4 --data.source.train=20"
    " --data.source.held_out=5"
)


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(command, "run_fresh", lambda threads, env, function, *args: function(*args))
    monkeypatch.setattr(command, "peak_of", lambda words, name: {"ours": 30, "plain": 60}[name])


@pytest.mark.filterwarnings("ignore:.*self.log")
def test_the_section_is_put_in_place_of_the_one_before(in_this_process, capsys):
    Path("B.md").write_text("# Benchmarks\n\nkept\n")
    for _ in range(2):
        assert command.main([TINY, "sentiment/imdb", "--rounds", "1", "--output", "B.md"]) == 0
    text = Path("B.md").read_text()
    assert text.startswith("# Benchmarks\n\nkept\n")
    assert text.count("<!-- section:plain") == text.count("## Training steps against plain PyTorch, threads: 1\n") == 1
    (row,) = (line for line in text.splitlines() if line.startswith("| sentiment"))
    assert row.endswith("| 0.50 | - |")
    assert float(row.split("|")[3]) > 0
    assert "- Not measured: sentiment/imdb: its data are found by --data FOLDER" in text
    assert "peak memory 0.50, goal 0.60 met" in capsys.readouterr().out


def test_a_process_that_breaks_down_costs_its_row_alone(monkeypatch, capsys):
    def measure(case, threads, rounds):
        if case.name == "speech/builtin":
            raise Failed("time_both: signal 9")
        return Row(case.name, 1.0, 0.5, 0.5)

    monkeypatch.setattr(command, "_measure", measure)
    assert command.main(["speech/builtin", "captioning/builtin", "--output", "B.md"]) == 1
    text = Path("B.md").read_text()
    assert "- Not measured: speech/builtin: time_both: signal 9" in text
    assert "| captioning/builtin | 1 | 0.50 | 0.50 | - |" in text


def test_nothing_is_written_where_nothing_is_measured(capsys):
    assert command.main(["sentiment/imdb", "--data", "nowhere", "--output", "B.md"]) == 2
    assert "not measured: sentiment/imdb: there is no FOLDER/imdb" in capsys.readouterr().err
    assert not Path("B.md").exists()
    assert command.main(["sentiment/imdbs"]) == 2
    assert "sentiment/imdb" in capsys.readouterr().err


def test_what_is_chosen():
    Path("data/ptb").mkdir(parents=True)
    cases = choose([], Path("data"))
    assert len(cases) == len(CASES)
    assert [case.name for case in cases if case.absent] == ["sentiment/imdb", "translation/multi30k_attention"]
    small, medium = choose(["text_generation/ptb_small"], Path("data"))
    assert small.words == ["text_generation/ptb_small", "--data.source.path=data/ptb"]
    assert medium.name.endswith("--model.backbone.hidden_size=650")
    (own,) = choose(["text_generation/ptb_small --data.source.path='my text'"], None)
    assert own.words[1] == "--data.source.path=my text"
    with pytest.raises(UserError, match="no preset is named"):
        choose([""], None)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((0.5, 0.8), ("time 0.63, goal 0.70 met", "largest time (b) 0.80, goal 0.90 met")),
        ((0.95, 0.8), ("time 0.87, goal 0.70 missed", "largest time (a) 0.95, goal 0.90 missed")),
    ],
)
def test_goals(times, said):
    rows = [Row(name, 1000.0, time, 0.7) for name, time in zip("ab", times, strict=True)]
    last = render(rows, {}, "command", 1, KNOWN).splitlines()[-1]
    assert last.startswith("Geometric means of 2")
    assert all(part in last for part in (*said, "peak memory 0.70, goal 0.60 missed"))
