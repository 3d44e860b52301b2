"""The workflow for other systems cannot run here: what it names is there, and is the same as elsewhere."""

import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import rnnbench
from rnnbench.cli import main

ROOT = Path(rnnbench.__file__).parent.parent
JOBS = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))["jobs"]
RUNS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]


def test_it_takes_every_python_that_the_package_says_it_takes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [one.rpartition(" :: ")[2] for one in project["classifiers"] if "Python :: 3." in one]
    assert JOBS["everywhere"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"
    systems = JOBS["everywhere"]["strategy"]["matrix"]["os"]
    assert [name.partition("-")[0] for name in systems] == ["ubuntu", "macos", "windows"]


@pytest.mark.parametrize("command", RUNS)
def test_what_it_runs_is_there(command, capsys):
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "rnnbench"]:
        assert main([*words[3:], "--print_config"]) == 0
        assert "class_path: rnnbench.tasks" in capsys.readouterr().out
    elif words[0] != "python":
        assert (ROOT / command).stat().st_mode & 0o100
    else:
        # The same commands as in the Makefile, whose environment the tests run in.
        rest = " ".join(words[2:])
        assert rest.replace(" --editable .[dev]", "") in (ROOT / "Makefile").read_text(encoding="utf-8").replace(
            "'", ""
        )


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").iterdir()), ids=lambda path: path.stem)
def test_forms_of_issues_have_what_is_asked_of_them(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    assert all(one["type"] in ("input", "textarea") and one["attributes"]["label"] for one in form["body"])
