"""The notebooks run from their first cell to their last, and what they say of their results is so."""

import json
import re
from pathlib import Path

import pytest

from rnnbench.cli.presets import preset_names

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# What the text claims, asked of the names that the cells leave.
CLAIMS = {
    "first-language-model": """
bits = [one.metrics["test/bits_per_character"] for one in (counted, run)]
assert bits[1] < 3 < 4 < bits[0]
assert max(run.predict("impo", next=8, length=1)[0]["next"].values()) > 0.8
assert max(run.predict("import ", next=8, length=1)[0]["next"].values()) < 0.5
""",
    "why-networks-forget": """
last = {radius: gradient_flow(unroll(elman(radius), silence)).summary()["median"] for radius in (0.9, 1.1)}
assert last[0.9][-1] < 1e-3 * last[0.9][0] and last[1.1][-1] > 1e3 * last[1.1][0]
assert errors["lstm", 30] < 0.1 < 0.14 < errors["elman", 30]
""",
    "attention-seen": """
assert run.metrics["test/exact"] > 0.7 > 0.6 > without.metrics["test/exact"]
assert run.predict("drei und siebzig")[0]["translations"][0]["text"] == "seventy three"
""",
    "sound-to-text": """
assert found["test/character_error_rate"] < 0.15
""",
    "is-a-better-than-b": """
assert len(table.groups) == 2 and sum(wins.values()) == 16 and len(rnnbench.results.pairs_of(table)) == 1
""",
}


def test_there_are_five():
    assert [path.stem for path in NOTEBOOKS] == sorted(CLAIMS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_are_kept_without_outputs_and_name_what_there_is(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["metadata"]["kernelspec"]["name"]) == (4, "python3")
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            compile(text, str(path), "exec")
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            presets = re.findall(r"\"((?:[a-z_]+)/(?:\w+))\"", text)
            assert {name for name in presets if not name.startswith(("runs", "test"))} <= set(preset_names())
        for address in re.findall(r"\]\(([^)]+)\)", text) if cell["cell_type"] == "markdown" else ():
            assert (path.parent / address).is_file(), address


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_run(path, tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    if path.stem == "sound-to-text":
        pytest.importorskip("soundfile")
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell(CLAIMS[path.stem]))
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
