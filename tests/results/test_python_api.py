"""Results for other programs: as pandas tables, as LaTeX, and without torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from rnnbench import results
from rnnbench.results.latex import render_latex
from rnnbench.results.why import why

RATE = "model:\n  class_path: X\n  init_args:\n    optimizer:\n      class_path: Adam\n      init_args: {lr: 0.004}\n"


@pytest.fixture
def study(make_run):
    """Two models of three seeds."""
    runs = [
        make_run(f"{model}-{seed}", model=model, cell=model, seed=seed, test=level + seed)
        for model, level in (("GRU", 100.0), ("LSTM_x", 200.0))
        for seed in (1, 2, 3)
    ]
    (runs[0] / "config.yaml").write_text(RATE)
    return runs


def test_a_frame_has_what_a_mixed_model_needs(study) -> None:
    table = results.load_runs(study).to_pandas()
    assert len(table) == 6
    first = table.iloc[0]
    assert (first.cell, first.seed, first.test_perplexity, first.learning_rate) == ("GRU", 1, 101.0, 0.004)
    assert (first.flops, first.peak_memory_bytes, first.commit, first.torch) == (
        1.5e15,
        512 * 2**20,
        "0123abc",
        "2.13.0",
    )
    assert first.folder == str(study[0])
    assert table.groupby("cell").test_perplexity.mean().to_dict() == {"GRU": 102.0, "LSTM_x": 202.0}


def test_pairs_of_a_comparison(study) -> None:
    (table,) = results.compare(results.load_runs(study)).tables
    (pair,) = results.pairs_of(table)
    assert (pair.models, pair.difference) == (("GRU", "LSTM_x"), -100.0)


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        results.other  # noqa: B018


def test_latex_says_what_is_seen(study) -> None:
    text = render_latex(results.compare(results.load_runs(study)), pairs=True)
    seen = r"Test perplexity (lower is better) of two models on ptb, mean $\pm$ standard deviation over three seeds."
    assert rf"\caption{{{seen}" in text
    tests = r"Welch's t test over the seeds, Holm's correction over 1 pair, 5\% in all"
    assert f"Models that share a letter are not told apart ({tests})" in text
    assert "trained for 13 epochs" in text
    assert r"LSTM\_x & 2 & b & " in text
    assert r"\textbf{102.00 {\footnotesize$\pm$ 1}}" in text
    assert r"GRU - LSTM\_x & -100 & -102.3 to -97.73 & " in text


def test_latex_of_single_runs_ranks_nothing(make_run) -> None:
    runs = results.load_runs([make_run("a", test=1.0), make_run("b", model="GRU", test=2.0)])
    text = render_latex(results.compare(runs))
    assert "one seed each. Differences are not tested: that takes three seeds." in text
    assert "textbf" not in text


def test_why_two_runs_are_not_compared(study, make_run) -> None:
    other = make_run("other", seed=9, budget="epochs:2", hardware={"cpu": "another"}, git_commit="fff")
    (other / "config.yaml").write_text(RATE.replace("0.004", "0.1"))
    one, two = results.load_runs([study[0], other])
    told = why(one, two)
    assert told[0] == "not in one table: budget: epochs:13 against epochs:2"
    for line in (
        "option: model.optimizer.lr: 0.004 against 0.1",
        "run: commit: 0123abc against fff",
        "run: hardware: cpu: a processor against another",
        "run: model: GRU against LSTM",
    ):
        assert line in told
    same = results.load_runs(study[1:3])
    assert why(*same) == ["They are ranked in one table.", "They are seeds of one row.", "run: seed: 2 against 3"]


def test_code_that_differs_makes_rows_of_their_own(make_run) -> None:
    runs = [make_run(f"r{seed}", seed=seed, git_commit=f"c{seed % 2}") for seed in (1, 2, 3, 4)]
    comparison = results.compare(results.load_runs(runs))
    assert sorted(group.seeds for group in comparison.tables[0].groups) == [(1, 3), (2, 4)]
    assert "Runs of LSTM were made with different commit (c1 against c0)" in comparison.notes[0]
    (table,) = results.compare(results.load_runs(runs), ["commit"]).tables
    assert [group.seeds for group in table.groups] == [(1, 2, 3, 4)]


def test_a_metric_of_choice_leads(make_run) -> None:
    from rnnbench.results.record import Metric

    def run(name: str, tokens: int):
        values = {"bleu": ("bleu|x:1", 30.0), "perplexity": (f"perplexity|tokens:{tokens}", 5.0)}
        metrics = {metric: Metric(value=value, signature=text) for metric, (text, value) in values.items()}
        return make_run(name, application="translation", model=name, metrics={"test": metrics})

    runs = results.load_runs([run("word", 10), run("subword", 12)])
    (table,) = results.compare(runs).tables
    assert "Not shown, measured in 2 ways: test perplexity" in " ".join(table.notes())
    assert [str(column) for column in table.shown] == ["test BLEU"]
    assert len(results.compare(runs, metric="perplexity").tables) == 2
    with pytest.raises(Exception, match="no run has measured ppl"):
        results.compare(runs, metric="ppl")


def test_a_run_that_was_tested_often_shows_it(make_run) -> None:
    from rnnbench.results.record import Measurement

    test = Measurement(time="t", checkpoint="selected", decoding=None, values={})
    (table,) = results.compare(results.load_runs([make_run("a", tests=[test] * 3, checkpoint="selected")])).tables
    assert "Tested more than once: LSTM 3 times; the value is that of the last test." in table.notes()


def test_comparing_imports_no_torch(study, tmp_path) -> None:
    code = "import sys\nfrom rnnbench.cli import main\nstatus = main(sys.argv[1:])\n"
    code += "sys.exit(status or any(name in sys.modules for name in ('torch', 'lightning')))"
    for words in (["compare", "--pairs"], ["compare", "--format", "json"], ["report", "--out", str(tmp_path / "r")]):
        command = [sys.executable, "-c", code, *words, str(study[0].parent)]
        if words[0] == "report":
            command = [sys.executable, "-c", code, words[0], str(study[0].parent), *words[1:]]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if "json" in words:
            assert json.loads(done.stdout)["tables"][0]["rows"][0]["letters"] == "a"
