"""The page in a headless Chromium: no error in its console, it sorts, filters, unfolds and prints."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import pytest
from browser import CHROMIUM, needs_chromium

from rnnbench.report.build import build
from rnnbench.report.runs import content_of_runs

pytestmark = needs_chromium

# Uses the page as a reader would, and leaves what happened in the document.
READER = """
const seen = {}, article = document.querySelector("article"), table = article.querySelector("table");
const bodies = () => [...table.tBodies].filter(body => !body.hidden);
const names = () => bodies().map(body => body.querySelector("th span").textContent);
const head = title => [...table.querySelectorAll("thead th")].find(th => th.textContent === title);
seen.start = names();
head("model").firstElementChild.click();
seen.up = names(); seen.sort = head("model").getAttribute("aria-sort");
head("model").firstElementChild.click();
seen.down = names(); seen.other = head("model").getAttribute("aria-sort");
head("parameters").firstElementChild.click();
seen.parameters = names(); seen.before = head("model").getAttribute("aria-sort");
const input = article.querySelector("input");
input.value = "lstm seed 2"; input.dispatchEvent(new Event("input"));
seen.filtered = names(); seen.count = article.querySelector("output").textContent;
input.value = ""; input.dispatchEvent(new Event("input"));
seen.all = names().length;
const open = table.querySelector("button.open"), more = document.getElementById(open.getAttribute("aria-controls"));
seen.closed = getComputedStyle(more).display; open.click();
seen.opened = getComputedStyle(more).display; seen.expanded = open.getAttribute("aria-expanded");
seen.source = more.textContent.includes("commit 0123abc");
const mark = article.querySelector(".mark");
mark.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, clientX: 5, clientY: 5 }));
seen.tip = document.getElementById("tip").textContent;
seen.wide = document.documentElement.scrollWidth <= innerWidth;
const out = document.createElement("pre");
out.id = "seen"; out.textContent = JSON.stringify(seen); document.body.append(out);
"""


@pytest.fixture
def page(study: Path, make_run, tmp_path: Path) -> Path:
    from rnnbench.results.record import Data

    data = Data(dataset="brown", fingerprint="brown-read", details={})
    for k in range(4):
        same = {"data": data, "signature": "tokens:100", "cell": "MGU"}
        make_run(f"more-{k}", model=f"MGU {k}", test=300.0 + k, parameters=10 + k, **same)
    build(content_of_runs([str(study)], []), tmp_path / "out")
    return tmp_path / "out" / "index.html"


def chromium(folder: Path, *options: str) -> tuple[str, list[str]]:
    """What it prints, and what the page says to the console. A request by name would fail there, and be told."""
    assert CHROMIUM
    found = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND", *options,
        ],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return found.stdout, [line for line in found.stderr.splitlines() if "CONSOLE" in line]


def test_no_error_and_it_prints(page: Path, tmp_path: Path) -> None:
    _, console = chromium(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}", page.as_uri())
    assert console == []
    printed = (tmp_path / "page.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 40


def test_it_sorts_filters_and_unfolds(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    copy = page.with_name("copy.html")
    copy.write_text(text.replace("</body>", f"<script>{READER}</script></body>"), encoding="utf-8")
    dom, console = chromium(tmp_path, "--window-size=500,900", "--dump-dom", copy.as_uri())
    assert console == []
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.DOTALL)
    assert found, "the script did not end"
    seen = json.loads(html.unescape(found[1]))
    assert seen["start"][0] == "GRU 1x64"
    assert seen["up"] == sorted(seen["start"])
    assert seen["down"] == sorted(seen["start"], reverse=True)
    assert (seen["sort"], seen["other"], seen["before"]) == ("ascending", "descending", None)
    assert seen["parameters"][:2] == ["MGU 0", "MGU 1"]
    assert seen["parameters"][-1] == "Kneser-Ney"
    assert seen["filtered"] == ["LSTM 1x64"]
    assert seen["count"] == "1 of 8 rows"
    assert seen["all"] == 8
    assert (seen["closed"], seen["opened"], seen["expanded"]) == ("none", "table-row", "true")
    assert seen["source"]
    assert "GRU 1x64: 201.20" in seen["tip"]
    assert seen["wide"], "nothing is wider than the screen"
