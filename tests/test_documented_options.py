"""Every option explains itself: what a class says of its arguments is what `--help` prints."""

import importlib
import inspect
import pkgutil
import re

import pytest

import rnnbench.backbone
import rnnbench.cells
import rnnbench.data
import rnnbench.platform
import rnnbench.tasks


def classes():
    found = {}
    for package in (rnnbench.cells, rnnbench.backbone, rnnbench.data, rnnbench.tasks, rnnbench.platform):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for one in vars(importlib.import_module(module.name)).values():
                # A protocol says what others have to offer and is never made.
                if not inspect.isclass(one) or getattr(one, "_is_protocol", False):
                    continue
                if one.__module__ == module.name and not one.__name__.startswith("_"):
                    found[f"{one.__module__}.{one.__qualname__}"] = one
    return found


CLASSES = classes()


def documented(one) -> set[str]:
    text = inspect.getdoc(one) or ""
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)+)", text, re.MULTILINE)
    return set(re.findall(r"^ {4}(\w+):", section.group(1), re.MULTILINE)) if section else set()


@pytest.mark.parametrize("name", CLASSES)
def test_every_option_is_documented_and_none_else(name):
    one = CLASSES[name]
    if "__init__" in vars(one):
        parameters = inspect.signature(one.__init__).parameters.values()
        options = {p.name for p in parameters} - {"self"}
        assert documented(one) == options
        # A misspelt option would vanish in it.
        assert not [p for p in parameters if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def test_the_walk_finds_what_a_config_names():
    assert {"rnnbench.cells.lstm.LSTM", "rnnbench.backbone.stack.Backbone", "rnnbench.data.sources.files.Files"} <= set(
        CLASSES
    )
