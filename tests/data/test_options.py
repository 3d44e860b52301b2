"""The sources as options of a command line."""

import inspect
from typing import Any

import pytest
from jsonargparse import ArgumentParser

from rnnbench.data.source import Source
from rnnbench.data.sources.files import Files
from rnnbench.data.sources.hub import Hub
from rnnbench.data.sources.package import Package
from rnnbench.data.sources.standard_library import StandardLibrary

SOURCES = (Files, Hub, Package, StandardLibrary)


def source(*words: str) -> Any:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--source", type=Source)
    return parser.instantiate(parser.parse_args(list(words))).source


def test_sources_are_built_from_options():
    files = source("--source", "Files", "--source.path", "a.txt", "--source.fractions", "[0.8,0.1,0.1]")
    assert (type(files), files.dataset, files.fractions) == (Files, "a", (0.8, 0.1, 0.1))
    assert type(source("--source", "StandardLibrary")) is StandardLibrary
    assert source("--source", "Package", "--source.card", "chinese_reviews").dataset == "chinese_reviews"
    assert source("--source", "Hub", "--source.name", "a/b", "--source.revision", "c").revision == "c"


@pytest.mark.parametrize("kind", SOURCES)
def test_every_option_is_explained(kind):
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, "source")
    for name in inspect.signature(kind).parameters:
        action = next(action for action in parser._actions if action.dest == f"source.{name}")
        assert action.help, name
