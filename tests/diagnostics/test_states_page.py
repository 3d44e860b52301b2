"""The script of the page of states runs: it colours the text, switches cells and finds what a selection stands for."""

import json
import re
import shutil
import subprocess

import pytest
import torch

from rnnbench.diagnostics.states import States, page

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

# As much of a browser as the page asks for.
BROWSER = """
class Element {
  constructor(tag) { this.tag = tag; this.children = []; this.style = {}; this.dataset = {}; this.attributes = {};
    this.handlers = {}; this.classes = new Set(); this.value = "0"; this.textContent = "";
    this.classList = { add: name => this.classes.add(name), remove: name => this.classes.delete(name),
      toggle: (name, on) => on ? this.classes.add(name) : this.classes.delete(name) }; }
  append(...parts) { for (const part of parts) { part.parentElement = this; this.children.push(part); } }
  replaceChildren() { this.children = []; }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  addEventListener(name, handler) { this.handlers[name] = handler; }
  contains(other) { return other === this || this.children.some(child => child.contains(other)); }
}
const elements = {}, chosen = {};
const buttons = element => element.children.flatMap(
  child => [...(child.tag === "button" ? [child] : []), ...buttons(child)]);
globalThis.document = {
  getElementById: id => elements[id] ??= new Element(id),
  createElement: tag => new Element(tag),
  querySelectorAll: () => ["followers", "selected"].flatMap(id => buttons(document.getElementById(id))),
  addEventListener: (name, handler) => { chosen[name] = handler; },
};
globalThis.Option = class extends Element {
  constructor(text, value) { super("option"); this.textContent = text; this.value = String(value); }
};
document.getElementById("data").textContent = DATA;
SCRIPT
const text = document.getElementById("text").children, seen = {};
seen.text = text.map(span => span.textContent);
seen.heads = document.getElementById("followers").children.filter(one => one.tag === "h2").map(one => one.textContent);
seen.first = buttons(document.getElementById("followers"))[0].textContent;
document.getElementById("unit").value = "1"; document.getElementById("unit").handlers.input();
seen.colours = text.map(span => span.style.background);
seen.titles = text.map(span => span.title);
for (const place of [3, 4]) text[place].children.push(new Element("#text"));
globalThis.getSelection = () => ({ isCollapsed: false, anchorNode: anchor(4), focusNode: anchor(3) });
const anchor = index => Object.assign(text[index].children[0], { parentElement: text[index] });
chosen.mouseup();
seen.before = buttons(document.getElementById("selected")).length;
document.getElementById("text").handlers.mousedown();
chosen.mouseup();
seen.selected = buttons(document.getElementById("selected")).map(one => Number(one.dataset.unit));
seen.alike = text.map((span, step) => span.classes.has("alike") ? step : -1).filter(step => step >= 0);
seen.note = document.getElementById("note").textContent;
document.getElementById("cell").value = "1"; document.getElementById("cell").handlers.change();
seen.other = document.getElementById("reading").textContent;
console.log(JSON.stringify(seen));
"""


def test_it_is_used(tmp_path):
    pieces = list('ab"cd"ef"gh"')
    torch.manual_seed(0)
    values = torch.full((12, 6), 0.3, dtype=torch.float64)  # all others stand still
    values[:, 1] = 0.05 * torch.randn(12, dtype=torch.float64)
    quoted = torch.tensor([0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0], dtype=torch.float64)
    values[:, 1] += 2 * quoted
    units = [f"leaf 0, unit {k}" for k in range(6)]
    written = page(
        "<a> title", pieces, [States("one", units, values), States("two", units, values[:, [1, 0, 2, 3, 4, 5]])]
    )
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", written, re.DOTALL)
    harness = BROWSER.replace("DATA", json.dumps(data)).replace("SCRIPT", "{" + script + "}")
    (tmp_path / "page.js").write_text(harness.replace('"use strict";', ""))
    done = subprocess.run([NODE, tmp_path / "page.js"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["text"] == pieces
    assert "follow: within quotes" in seen["heads"]
    assert "follow: digit" not in seen["heads"]
    opacity = [float(re.search(r"([\d.]+)\)$", colour)[1]) for colour in seen["colours"]]
    assert [value > 0.5 for value in opacity] == [bool(value) for value in quoted]
    name, _, told = seen["titles"][2].rpartition(": ")
    assert name == "1 (leaf 0, unit 1)", "its number in the field, and what it is"
    assert float(told) == pytest.approx(float(values[2, 1]), abs=0.02)
    assert seen["before"] == 0, "the mouse was pressed elsewhere"
    assert seen["selected"] == [1]
    assert seen["alike"] == [2, 8, 9, 10], "the other places within quotes"
    assert seen["note"].startswith("“cd”: units by how far they stand from the rest")
    assert re.match(r"unit (\d) \(leaf 0, unit \1\);", seen["other"])
