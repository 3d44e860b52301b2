"""The report holds what the runs say, names what it cannot read, and escapes whatever it is given."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from scipy import stats

from rnnbench.cli import main
from rnnbench.errors import UserError
from rnnbench.report.build import build
from rnnbench.report.rows import content_of_rows
from rnnbench.report.runs import content_of_runs
from rnnbench.results.entry import record_result
from rnnbench.results.rows import Row

HOSTILE = """<script>alert(1)</script>"'&$\\x_{%~^ \x07 中文"""


def test_page_tables_and_figures(written: Path) -> None:
    page = (written / "index.html").read_text(encoding="utf-8")
    for text in ("GRU 1x64", "Kneser-Ney", "Typical score over the tasks", "How probably GRU is better", "fingerprint"):
        assert text in page
    for table in ("text-generation-ptb", "text-generation-brown"):
        for ending in ("md", "tex", "csv"):
            assert (written / "tables" / f"{table}.{ending}").is_file()
        paper = (written / "tables" / f"{table}.tex").read_text()
        assert (
            r"model & rank & group & test perplexity & 95\% interval & difference & effect & validation perplexity & "
            r"parameters & seeds \\" in paper
        )
        for chart in ("ranking", "curves", "loss", "parameters"):
            assert (written / "figures" / f"{table}-{chart}.pdf").read_bytes().startswith(b"%PDF")
            ET.parse(written / "figures" / f"{table}-{chart}.svg")


def test_the_page_asks_the_network_for_nothing(written: Path) -> None:
    page = (written / "index.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//', page)
    assert "default-src 'none'" in page
    assert page.count("<script") == 1


def test_ids_are_unique_and_links_have_an_end(written: Path) -> None:
    page = (written / "index.html").read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', page)) <= set(ids)
    files = set(re.findall(r'href="((?:tables|figures)/[^"]*)"', page))
    assert files
    assert all((written / file).is_file() for file in files)


@pytest.mark.slow
def test_the_same_runs_give_the_same_files(finished_study: Path, written: Path, tmp_path: Path) -> None:
    again = tmp_path / written.name
    build(content_of_runs([str(finished_study)], []), again)
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    pages = [path.joinpath("index.html").read_text(encoding="utf-8") for path in (written, again)]
    # The links to the runs start where the page lies.
    assert len({re.sub(r'<a href="[^"]*/">', "", page) for page in pages}) == 1
    other = [file for file in files if file.name != "index.html"]
    assert all((written / file).read_bytes() == (again / file).read_bytes() for file in other)


def test_ranks_are_those_of_compare(finished_study: Path) -> None:
    content = content_of_runs([str(finished_study)], [])
    assert [section.dataset for section in content.sections] == ["brown", "ptb"]
    rows = content.sections[1].entries
    assert [(entry.label, str(entry.rank), entry.letters) for entry in rows] == [
        ("GRU 1x64", "1", "a"),
        ("LSTM 1x64", "2", "b"),
        ("Kneser-Ney", "3", "c"),
        ("Elman 1x64", "4", "d"),
    ]
    assert rows[0].seed_values == (100.3, 100.6, 100.9)
    assert [source.name for source in rows[0].sources] == ["ptb-GRU-1", "ptb-GRU-2", "ptb-GRU-3"]


def test_names_from_files_are_text(make_run, tmp_path: Path) -> None:
    runs = [
        make_run(f"r{seed}", model=HOSTILE + cell, cell=HOSTILE + cell, seed=seed, test=100.0 + k, command=HOSTILE)
        for k, cell in enumerate(("A", "B"))
        for seed in (2 * k, 2 * k + 1)
    ]
    (runs[0] / "metrics.csv").write_text("epoch,step,validation/perplexity\n0,1,5.0\n0,2,4.0\n")
    (runs[0] / "test_errors.tsv").write_text(f"errors\twords\tsaid\trecognised\trecording\n1\t2\t{HOSTILE}\ta\tb\n")
    (runs[0] / "examples.json").write_text(json.dumps([[[HOSTILE, [[HOSTILE, HOSTILE, 0.5, 1]]]]]))
    (runs[0] / "test.png").write_bytes(b"<script>")
    build(content_of_runs([str(path) for path in runs], []), tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert page.count("<script") == 1
    for figure in (tmp_path / "out" / "figures").glob("*.svg"):
        ET.parse(figure)
    table = (tmp_path / "out" / "tables" / "text-generation-ptb.tex").read_text()
    assert r"\&\$\textbackslash{}x\_\{\%\textasciitilde{}\textasciicircum{}" in table


def test_one_seed_has_no_interval(make_run, tmp_path: Path) -> None:
    runs = [make_run("a", model="A", cell="A", test=100.0), make_run("b", model="B", cell="B", test=101.0)]
    build(content_of_runs([str(run) for run in runs], []), tmp_path)
    table = (tmp_path / "tables" / "text-generation-ptb.md").read_text()
    assert "Ordered by value, without ranks: a rank takes 3 seeds" in table
    assert "±" not in table
    assert "interval" not in table


def test_what_cannot_be_read_is_named(make_run, tmp_path: Path, capsys) -> None:
    study = make_run("ptb-counted").parents[1]
    (study / "text_generation" / "cut").mkdir()
    (study / "text_generation" / "cut" / "result.json").write_text('{"schema_version": 2, "appl')
    (study / "text_generation" / "begun").mkdir()
    (study / "text_generation" / "begun" / "config.yaml").touch()
    old = json.loads((study / "text_generation" / "ptb-counted" / "result.json").read_text())
    (study / "text_generation" / "old").mkdir()
    (study / "text_generation" / "old" / "result.json").write_text(
        json.dumps({**old, "schema_version": 1, "application": "dancing"})
    )
    make_run("speaks", application="speech", status="failed", message="the disk is full")
    assert main(["report", str(study), "no/such/run", "--out", str(tmp_path / "out")]) == 0
    assert "left out: no/such/run: no such run" in capsys.readouterr().out
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for text in (
        "truncated or not JSON",
        "begun: no result.json in it",
        "written under schema 1",
        "<b>Speech</b>: no finished run: speaks (failed, the disk is full)",
        "no/such/run: no such run",
    ):
        assert text in page


def test_two_protocols_are_two_rankings_and_it_says_why(make_run, tmp_path: Path) -> None:
    runs = [make_run("a", budget="epochs:1"), make_run("b", budget="epochs:2")]
    content = content_of_runs([str(run) for run in runs], [])
    assert [section.key for section in content.sections] == ["text-generation-ptb", "text-generation-ptb-2"]
    build(content, tmp_path)
    assert "differ in the budget of their protocols" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(content_of_runs([str(run) for run in runs], [], ["budget"]).sections) == 1


@pytest.mark.parametrize("named", ["nothing", "unfinished"])
def test_without_a_finished_run_it_is_one_error(make_run, tmp_path: Path, named: str, capsys) -> None:
    run = make_run("a", status="interrupted") if named == "unfinished" else tmp_path / "none"
    assert main(["report", str(run), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "no finished run" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_published_values_stand_beside_ours(make_run, tmp_path: Path) -> None:
    runs = [make_run("a", test=115.5), make_run("b", model="GRU", cell="GRU", preset=None, test=120.0)]
    row = Row(
        table="ptb", name="LSTM", config="text_generation/ptb_small", dataset="ptb", metric="perplexity",
        published=114.5, published_source="Zaremba 2014", tolerance=2.0,
    )  # fmt: skip
    content = content_of_runs([str(run) for run in runs], [row])
    (section,) = content.sections
    assert [entry.published and entry.published.reproduced for entry in section.entries] == ["yes", None]
    assert [anchor.value for anchor in section.anchors] == [114.5]
    build(content, tmp_path)
    assert "Zaremba 2014" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_panels_show_what_the_best_run_holds(make_run, tmp_path: Path) -> None:
    run = make_run("best", application="translation", metric="bleu")
    picture = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
    )
    (run / "alignments.png").write_bytes(picture)
    (run / "diagnosis").mkdir()
    (run / "diagnosis" / "gates.png").write_bytes(picture)
    (run / "test_errors.tsv").write_text("errors\twords\tsaid\trecognised\trecording\n1\t2\ta b\ta c\tone.wav\n")
    (run / "examples.json").write_text(
        json.dumps([[["text", [["good", "positive 0.90", 0.9, 1], [" film", "", 0, 0]]]]])
    )
    build(content_of_runs([str(run)], []), tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') == 2
    assert "How far gates are open" in page
    assert "<mark>c</mark>" in page
    assert '<span class="hue1" style="--a:0.54" title="positive 0.90">good</span> film' in page


def test_a_spoilt_side_file_leaves_the_rest(make_run, tmp_path: Path) -> None:
    run = make_run("best")
    (run / "examples.json").write_text("[[1]]")
    (run / "metrics.csv").write_bytes(b"\xff\xfe\x00")
    (run / "test_errors.tsv").write_bytes(b"errors\xff")
    (run / "config.yaml").write_text("model: [")
    build(content_of_runs([str(run)], []), tmp_path / "out")
    assert "not the examples of a run" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_rows_rows(make_result, tmp_path: Path) -> None:
    rows: list[Row] = []
    for cell, value in (("GRU", 100.0), ("LSTM", 110.0)):
        results = [
            make_result(test=value + seed, seed=seed, run=f"{cell}{seed}", model=f"{cell} 1x8", cell=cell)
            for seed in (1, 2, 3)
        ]
        rows = record_result(rows, results, table="ptb")
    older = dataclasses.replace(rows[1], name="BiLSTM 2x8, max", cell="", seed_values=(), test=150.0)
    pending = Row(table="ptb", name="later", config="a/b", dataset="ptb", metric="perplexity", published=99.0,
                  published_source="A 2000")  # fmt: skip
    content = content_of_rows([*rows, older, pending], ["LSTM", "GRU"])
    (section,) = content.sections
    assert [(entry.label, entry.cell, str(entry.rank)) for entry in section.entries] == [
        ("GRU 1x8", "GRU", "1"),
        ("LSTM 1x8", "LSTM", "2"),
        ("BiLSTM 2x8, max", "LSTM", "3"),
    ]
    assert section.leading
    summaries = [entry.values[section.leading] for entry in section.entries]
    assert summaries[0].low is not None
    assert (summaries[2].mean, summaries[2].low) == (150.0, None), "no interval is invented"
    first, second, older_pair = (entry.against for entry in section.entries)
    assert first is None
    assert (second.difference, older_pair.difference, older_pair.low) == (10.0, 48.0, None)
    assert second.effect == pytest.approx(8.0)
    (only,) = content_of_rows(rows, ["LSTM", "GRU"]).sections
    wanted = stats.ttest_ind([111, 112, 113], [101, 102, 103], equal_var=False)
    pair = only.entries[1].against
    assert (pair.corrected, pair.low, pair.high) == pytest.approx((wanted.pvalue, *wanted.confidence_interval()))
    assert "are told apart in 4 of 5 cases" in only.notes[-1]
    build(content, tmp_path)
    assert "A 2000" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_rows_rows_without_a_value() -> None:
    with pytest.raises(UserError, match="none of the committed rows"):
        content_of_rows([Row(table="a", name="b", config="c/d", dataset="e", metric="accuracy")])


def test_findings_are_markdown_without_tags(make_run, tmp_path: Path) -> None:
    (tmp_path / "findings.md").write_text(
        "## What we found\n\n| a | b |\n|---|---|\n| *1* | 2 |\n\n<script>x</script>\n"
    )
    words = ["report", str(make_run("a")), "--findings", str(tmp_path / "findings.md"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<h2>What we found</h2>" in page
    assert "<td><em>1</em></td>" in page
    assert "&lt;script&gt;x" in page
    assert page.count("<script") == 1


@pytest.mark.slow
def test_the_committed_rows_make_a_report(tmp_path: Path, capsys) -> None:
    assert main(["report", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "committed rows of configs/results.csv" in page
    assert "Zaremba 2014" in page
