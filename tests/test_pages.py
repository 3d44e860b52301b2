"""The blocks of code of pages that compute as one reads run in order, as they stand, and print what the pages say."""

import re
from pathlib import Path

import pytest

from rnnbench.cli import main
from rnnbench.results.record import read_result

DOCS = Path(__file__).parents[1] / "docs"
# Pages whose commands run, too.
COMMANDS = ["from-counts-to-a-neuron.md"]


@pytest.mark.parametrize(
    "page",
    [
        "why-networks-forget.md",
        "chain-tree-memory-graph.md",
        "from-counts-to-a-neuron.md",
        "where-does-it-look.md",
        "diagnostics.md",
    ],
)
def test_blocks_run(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})
    printed = capsys.readouterr().out.splitlines()
    assert printed
    if page != "diagnostics.md":
        assert [line for line in printed if line.rstrip(".") not in text] == []
    for name in re.findall(r"\((pictures/\w+\.png)\)", text):
        assert (DOCS / name).is_file()
        # That of a run is drawn by its commands.
        assert (tmp_path / name).is_file() or page in COMMANDS


@pytest.mark.slow
@pytest.mark.parametrize("page", COMMANDS)
def test_commands_run(page, capsys):
    text = (DOCS / page).read_text(encoding="utf-8").partition("## On real reviews")[0]
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    commands = [line for block in blocks for line in block.splitlines()]
    for line in commands:
        if line.startswith("rnnbench"):
            assert main(line.split()[1:]) == 0
        else:
            said = re.fullmatch(r"echo '(.+)' \| rnnbench (.+) -", line)
            Path("line.txt").write_text(said[1] + "\n", encoding="utf-8")
            assert main([*said[2].split(), "line.txt"]) == 0
    found = read_result(Path("runs/probe/small/result.json")).metrics["test"]
    assert found["unit_accuracy"].value > 0.95
    assert Path("runs/probe/small/unit.png").is_file()
