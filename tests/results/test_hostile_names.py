"""Names come from other people's files: tables hold them as text, and nothing that a reader would run."""

import csv
import io

from rnnbench.results import compare, load_runs
from rnnbench.results.latex import render_latex
from rnnbench.results.record import Data
from rnnbench.results.render import render_csv, render_markdown


def test_a_formula_is_text_in_csv(make_run):
    runs = [make_run("one", model="=HYPERLINK(A1)"), make_run("two", model="@x", test=-1.5)]
    rows = list(csv.DictReader(io.StringIO(render_csv(compare(load_runs(map(str, runs)))))))
    assert {row["model"] for row in rows} == {"'=HYPERLINK(A1)", "'@x"}
    assert "-1.5" in {row["test_perplexity"] for row in rows}, "numbers stay numbers"


def test_a_tag_is_text_in_markdown(make_run):
    page = render_markdown(compare(load_runs([str(make_run("one", model="<img src=x> | LSTM"))])))
    assert "<img" not in page
    assert r"&lt;img src=x&gt; \| LSTM" in page


def test_a_tag_is_text_beside_a_table_in_markdown(make_run):
    lost = {"status": "failed", "metrics": {}, "message": "no <script>\n# here"}
    runs = [make_run("one"), make_run("two", seed=2, **lost), make_run("three", fingerprint="b", **lost)]
    page = render_markdown(compare(load_runs(map(str, runs))))
    assert "<script>" not in page
    assert page.count("no &lt;script&gt; # here") == 2


def test_no_name_ends_a_label_of_latex(make_run):
    data = Data(dataset="100 % of {all}", fingerprint="a", details={})
    text = render_latex(compare(load_runs([str(make_run("one", data=data))])))
    assert r"\label{tab:text_generation-100-of-all--1}" in text
