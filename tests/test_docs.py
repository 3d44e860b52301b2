"""The documentation says nothing that is not there: links, files, packages, code and applications."""

import importlib
import re
from pathlib import Path

import pytest
import yaml

import rnnbench.cells
from rnnbench.applications import applications
from rnnbench.cli.presets import preset_names

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").glob("*.md")])
PAGES = [page for page in PAGES if "_build" not in page.parts]
LINK = re.compile(r"(?<!`)\[[^\]\n]+\]\((?P<address>[^)\s#]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<content>.*?)^```", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`(rnnbench(?:\.\w+)+)`")
PRESET = re.compile(r"(?:--config|fit) ((?:[a-z_]+)/(?:\w+))\b(?!\.)")


def id_of(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_links_lead_somewhere(page):
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        address = match["address"]
        if "://" not in address:
            assert (page.parent / address).exists(), address


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_blocks_are_what_they_say(page):
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["language"] == "python":
            compile(match["content"], str(page), "exec")
        elif match["language"] == "yaml":
            yaml.safe_load(match["content"])


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_names_of_modules_exist(page):
    for name in NAME.findall(page.read_text(encoding="utf-8")):
        module, _, last = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), last), name


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=id_of)
def test_presets_exist(page):
    known = set(preset_names())
    found = set(PRESET.findall(page.read_text(encoding="utf-8")))
    assert {name for name in found if not name.startswith("vowels/")} <= known


def test_every_application_has_a_page_and_a_line():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, one in applications().items():
        assert (ROOT / "docs/applications" / f"{name}.md").is_file()
        assert f"(docs/applications/{name}.md)" in readme
        assert f"`{one.card.quick}`" in readme


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 180


def test_the_glossary_has_every_cell():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    cells = set(rnnbench.cells.__all__) - {"RNNCell", "State"}
    assert sorted(cells - set(re.findall(r"`(\w+)`", text))) == []
