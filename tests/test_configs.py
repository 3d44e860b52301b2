"""Every preset is listed, parses and trains a little; RESULTS.md shows what the results file says."""

import importlib
import shlex
from pathlib import Path

import pytest
import yaml

import rnnbench
from rnnbench.cli import main
from rnnbench.cli.presets import preset_names
from rnnbench.folders import configs_folder
from rnnbench.results.page import update_page
from rnnbench.results.rows import read_rows
from rnnbench.tasks.base.counting import CountingModel

# A mixture stands on runs of others: tests/tasks/text_generation/test_mixture.py trains it.
PRESETS = [name for name in preset_names() if name.startswith("text_generation/") and "mixture" not in name]
CELLS = [name for name in preset_names() if name.startswith("cells/")]


@pytest.fixture
def words(tmp_path: Path) -> str:
    (tmp_path / "corpus").mkdir()
    for split in ("train", "validation", "test"):
        (tmp_path / "corpus" / f"{split}.txt").write_text("to be or not to be\n" * 40)
    # The presets of fixed data sets check them against their cards.
    card = "data: {init_args: {source: {class_path: rnnbench.data.Files, init_args: {path: x, card: null}}}}"
    (tmp_path / "corpus" / "card.yaml").write_text(card)
    return f"--config corpus/card.yaml --data.source Files --data.source.path {tmp_path / 'corpus'} --name smoke"


@pytest.mark.parametrize(
    ("preset", "precision"),
    [
        pytest.param(preset, precision, marks=[] if place == number % 4 else pytest.mark.slow)
        for number, preset in enumerate(PRESETS)
        for place, precision in enumerate(("32", "bf16-mixed", "bf16-true", "64-true"))
    ],
)
def test_every_preset_trains_in_every_precision(preset, precision, words, tmp_path):
    small = "" if "gram" in preset or "uniform" in preset else " --data.batch_size 2"
    if preset == "text_generation/amazon_bytes":  # is meant for GPUs
        small += " --model.backbone.hidden_size 64 --data.columns null"
    assert (
        main(f"fit --config {preset} --config smoke {words}{small} --trainer.precision {precision} --debug".split())
        == 0
    )
    assert (tmp_path / "runs/text_generation/smoke/result.json").is_file()


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_config_layers(cell, words, tmp_path):
    options = f"{words} --data.batch_size 2 --debug"
    assert main(f"fit --config text_generation/char_lstm --config {cell} --config smoke {options}".split()) == 0
    config = (tmp_path / "runs/text_generation/smoke/config.yaml").read_text()
    assert "hidden_size: 256" in config, "what the later file does not name stays"
    assert f"rnnbench.cells.{cell.partition('/')[2]}".replace("_", "") in config.lower()


def test_another_class_resets_its_options(words, tmp_path):
    options = f"{words} --data.batch_size 2 --debug --model.backbone.cell LSTM --model.backbone.cell.forget_bias 3"
    words_list = f"fit --config text_generation/char_lstm --config smoke {options} --model.backbone.cell Elman".split()
    assert main(words_list) == 0
    config = (tmp_path / "runs/text_generation/smoke/config.yaml").read_text()
    assert "forget_bias" not in config
    assert "nonlinearity: tanh" in config


def test_what_is_counted_is_counted_by_one_process():
    """It reads the training split in one process, and refuses to on several."""
    counted = {}
    for path in configs_folder().glob("*/*.yaml"):
        preset = yaml.safe_load(path.read_text())
        name = preset.get("model", {}).get("class_path", "") if isinstance(preset, dict) else ""
        module, _, kind = name.rpartition(".")
        if module and issubclass(getattr(importlib.import_module(module), kind), CountingModel):
            counted[f"{path.parent.name}/{path.stem}"] = preset["trainer"].get("devices")
    assert len(counted) > 30
    assert {name: devices for name, devices in counted.items() if devices != 1} == {}


def test_rows_rows_name_presets():
    assert {row.config for row in read_rows(configs_folder() / "results.csv")} <= set(preset_names())


def test_the_commands_of_rows_run_anywhere():
    for row in read_rows(configs_folder() / "results.csv"):
        words = shlex.split(row.command)
        assert words[:2] in ([], ["rnnbench", "fit"]), row.name
        assert [word for word in words if word.startswith(("/", "~", ".."))] == [], f"{row.name}: a path of one machine"


def test_results_show_the_committed_rows():
    page = Path(rnnbench.__file__).parents[1] / "RESULTS.md"
    text = page.read_text(encoding="utf-8")
    assert update_page(text, read_rows(configs_folder() / "results.csv"), page) == text


def test_a_cell_of_the_users_own(words, tmp_path):
    (tmp_path / "my_cell.py").write_text(
        "import torch\nfrom rnnbench.cells.base import GatedCell\n\n\nclass Slow(GatedCell):\n    emits = 0\n\n"
        "    def step(self, z, state):\n        h = 0.9 * state[0] + 0.1 * torch.tanh(z + self.recur(state[0]))\n"
        "        return h, (h,)\n"
    )
    options = f"--config text_generation/char_lstm --config smoke {words} --data.batch_size 2"
    assert main(f"fit {options} --model.backbone.cell my_cell.Slow --debug".split()) == 0
    assert main(["test", "--run", "runs/text_generation/smoke", "--debug"]) == 0
