"""The sweeps that are shipped: what `wandb agent` would run is a command line that rnnbench takes."""

from __future__ import annotations

import pytest
import yaml

from rnnbench.cli import main
from rnnbench.cli.presets import preset_names
from rnnbench.folders import configs_folder
from rnnbench.results.metric import better

SWEEPS = sorted((configs_folder() / "sweeps").glob("*.yaml"))


def agent_words(sweep: dict) -> list[str]:
    """The words of one trial, with the last value of each parameter."""
    # Seconds of imports, for the process that runs this test alone.
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    drawn = {
        name: {"value": one["value"] if "value" in one else one["values"][-1] if "values" in one else one["max"]}
        for name, one in sweep["parameters"].items()
    }
    words: list[str] = []
    for word in create_sweep_command(list(sweep["command"])):
        words += create_sweep_command_args({"args": drawn})["args"] if word == "${args}" else [word]
    return words


def test_sweeps_are_no_presets() -> None:
    assert SWEEPS
    assert not any(name.startswith("sweeps/") for name in preset_names())


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_trial_parses(path, capsys) -> None:
    sweep = yaml.safe_load(path.read_text())
    split, _, metric = sweep["metric"]["name"].partition("/")
    assert split == "validation", "the test split is for the end"
    assert sweep["metric"]["goal"] == {"lower": "minimize", "higher": "maximize"}[better(metric)]
    environment, program, *words = agent_words(sweep)
    assert (environment, program, words[0]) == ("${env}", "rnnbench", "fit")
    assert main([*words, "--print_config"]) == 0
    config = yaml.safe_load(capsys.readouterr().out)
    assert config["trainer"]["logger"]
    for name, drawn in sweep["parameters"].items():
        value = drawn.get("value", drawn.get("values", [drawn.get("max")])[-1])
        found = _at(config, name)
        found = found["class_path"] if isinstance(found, dict) else found
        assert str(found).removeprefix("rnnbench.cells.") == str(value).removeprefix("rnnbench.cells."), name


def _at(config: dict, name: str) -> object:
    """The option of that name; ``init_args`` may be left out in it."""
    found: object = config
    for part in name.split("."):
        assert isinstance(found, dict)
        found = found[part] if part in found else found["init_args"][part]
    return found
