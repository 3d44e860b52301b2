"""How cost grows: what is measured, and the tables that the command puts into a page."""

from pathlib import Path

import pytest

import rnnbench.bench.scale
from rnnbench.bench import two_processes
from rnnbench.bench.empty_runs import study_seconds
from rnnbench.bench.fixed import Effort
from rnnbench.bench.fresh import Failed
from rnnbench.bench.growth import Sizes, epoch_seconds, slope, step_bytes, step_seconds
from rnnbench.bench.scale import main
from rnnbench.bench.two_processes import Steps, all_reduce_seconds, compare
from rnnbench.platform.run_folder import RunFolder

PAGE = "# Scale\n\nbefore\n\n<!-- section:scale -->\n\nold\n\n<!-- /section -->\n\nafter\n"


def test_the_slope_is_the_power():
    assert slope([1, 2, 4, 8], [3 * size**2 for size in (1, 2, 4, 8)]) == pytest.approx(2)


def test_a_step_of_a_language_model():
    small, large = step_seconds([Sizes(4, 2, 4, 10), Sizes(256, 16, 32, 500)], Effort(1, 1.0))
    assert 0 < small < large


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not count peak memory")
def test_the_peak_holds_weights_gradients_and_averages():
    # Embedding and output, four times each.
    (found,) = step_bytes([Sizes(4, 2, 64, 40_000)])
    assert found > 0.9 * 4 * 4 * 2 * 40_000 * 64


def test_epochs_of_more_rows_take_longer():
    options = ["--data.source.held_out=20", "--data.batch_size=8", "--model.backbone.hidden_size=6"]
    few, many = (
        epoch_seconds(["sentiment/builtin", f"--data.source.train={rows}", *options], epochs=2) for rows in (16, 400)
    )
    assert 0 < few < many
    assert not Path("runs").exists()


def test_the_first_steps_of_a_run_do_not_count():
    run = RunFolder(Path("run"))
    run.path.mkdir()
    run.metrics.write_text("epoch,step,seconds,train/loss\n0,10,9.0,1\n0,20,10.0,1\n0,30,14.0,1\n")
    assert two_processes._step_seconds(run) == pytest.approx(0.25)


@pytest.mark.slow
def test_two_processes_beside_two_trainings():
    words = ["text_generation/char_lstm", "--model.backbone.hidden_size=8", "--data.sequence_length=10"]
    found = compare(words, 20, 1)
    assert min(found.apart, found.together) > 0
    assert found.gradient % 4 == 0
    with pytest.raises(Failed, match="no such option"):
        compare([*words, "--no.such.option=1"], 20, 1)


@pytest.mark.slow
def test_two_processes_sum_up():
    found = all_reduce_seconds((2**10, 2**26), 3)
    assert 0 < found[2**10] < found[2**26]


@pytest.mark.slow
def test_empty_runs_take_time():
    assert study_seconds("local", 4, 2) > 0


@pytest.fixture
def measured(monkeypatch):
    """Answers in place of measurements; the sizes of steps are linear in all they have."""

    def time_of(sizes):
        return sizes.time * sizes.batch * sizes.hidden * sizes.vocabulary / 1e6

    answers = {
        "step_seconds": lambda cases, effort: [*map(time_of, cases)],
        "step_bytes": lambda cases: [round(1e9 * time_of(sizes)) for sizes in cases],
        "epoch_seconds": lambda words: int(words[1].rpartition("=")[2]) / 100,
        "compare": lambda words, steps, rounds: Steps(0.095, 0.1, 10**6),
        "all_reduce_seconds": lambda sizes, rounds: {size: 1e-4 + size / 1e9 for size in sizes},
        "lengths_of": lambda words: [5, 10] * 500,
        "study_seconds": lambda launcher, runs, workers: 3 + runs / 10,
    }

    def run_fresh(threads, environment, function, *args):
        return answers[function.__name__](*args)

    monkeypatch.setattr(rnnbench.bench.scale, "run_fresh", run_fresh)
    monkeypatch.setattr(rnnbench.bench.scale, "cores", lambda: 2)
    monkeypatch.setattr(rnnbench.bench.scale, "find_spec", lambda name: None)
    return answers


def test_the_tables_take_the_place_of_the_old_ones(measured, capsys):
    Path("scale.md").write_text(PAGE)
    assert main(["--quick", "--output", "scale.md"]) == 0
    text = Path("scale.md").read_text()
    assert text.startswith("# Scale\n\nbefore\n\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert text.count("| 3, 20 ms | 1.00 | 3, 20 MB | 1.00 |") == 4
    assert "| rows, an epoch | 50, 100 | 0.5, 1.0 s | 1.00 | - | - |" in text
    assert "W = 1.00 GB/s and L = 50 us" in text
    assert "| the same by the model | 96.1 |" in text
    assert "| efficiency (goal: 0.9) | 0.95, met |" in text
    assert "| local | 2 | 3.0 s | 100 ms | 16.7 min |" in text
    assert "| ray | - | not measured: Ray is not installed here |" in text
    assert [line.partition(" | ")[0] for line in text.splitlines() if line.startswith("| 1,024 ")] == ["| 1,024"] * 2


def test_a_measurement_that_breaks_down_leaves_the_page(measured, capsys):
    def broken(*args):
        raise Failed("compare: no port")

    measured["compare"] = broken
    Path("scale.md").write_text(PAGE)
    assert main(["--quick", "--output", "scale.md"]) == 2
    assert capsys.readouterr().err.endswith("compare: no port\n")
    assert Path("scale.md").read_text() == PAGE


def test_a_folder_that_is_not_there_is_told_first(measured, capsys):
    assert main(["--output", "nowhere/scale.md"]) == 2
    assert capsys.readouterr().err == "--output\nthere is no folder nowhere\n"


def test_one_core_is_too_few(measured, monkeypatch, capsys):
    monkeypatch.setattr(rnnbench.bench.scale, "cores", lambda: 1)
    assert main(["--output", "scale.md"]) == 2
    assert "two cores are needed" in capsys.readouterr().err
