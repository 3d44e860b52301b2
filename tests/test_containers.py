"""Nothing is built here, but what the Dockerfile and the devcontainer name is there, and is enough."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import rnnbench
from rnnbench.cli import main

ROOT = Path(rnnbench.__file__).parent.parent
LINES = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions(name):
    return [line.removeprefix(f"{name} ").strip() for line in LINES if line.startswith(f"{name} ")]


def test_what_is_copied_is_there_and_runs(tmp_path):
    for line in instructions("COPY"):
        *sources, target = shlex.split(line)
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    command = [sys.executable, "-m", "rnnbench", "list", "presets"]
    told = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, check=True
    )
    assert b"sentiment/builtin" in told.stdout
    # All that the package's own description names.
    assert (tmp_path / PROJECT["readme"]).is_file()
    assert all((tmp_path / name).is_file() for name in PROJECT["license-files"])


def test_python_torch_and_extras_are_those_of_the_package():
    [image] = instructions("FROM")
    version = re.search(r"python:(3[.]\d+)", image)[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    install = instructions("RUN")[-1]
    torch = next(one for one in PROJECT["dependencies"] if one.startswith("torch>"))
    assert f'"{torch}"' in install
    extras = re.search(r"\.\[([\w,]+)\]", install)[1].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])
    [address] = instructions("ARG")
    assert address.removeprefix("TORCH=") in (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_command_is_the_packages(capsys):
    assert json.loads(instructions("ENTRYPOINT")[0]) == list(PROJECT["scripts"])
    assert main(json.loads(instructions("CMD")[0])) == 0
    assert "serve" in capsys.readouterr().out


def test_the_devcontainer_sets_up_as_everybody_does():
    found = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert found["postCreateCommand"] == "make setup"
    assert re.search(r"^setup:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [str(port) for port in found["forwardPorts"]] == instructions("EXPOSE")
