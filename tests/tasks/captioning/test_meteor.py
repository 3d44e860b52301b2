"""METEOR where its program is, and nothing in its place elsewhere."""

import importlib.util
import shutil

import pytest
from test_caption_metrics import CAPTIONS, REFERENCES

from rnnbench.tasks.captioning.scores import meteor


@pytest.mark.slow
def test_the_value_of_pycocoevalcap():
    pytest.importorskip("pycocoevalcap")
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    assert meteor.meteor(CAPTIONS, REFERENCES) == pytest.approx(39.531616841207035, abs=1e-6)
    assert meteor.meteor(["", "a dog"], [["a cat"], ["a dog"]]) == pytest.approx(50, abs=20)


@pytest.mark.parametrize("missing", ["java", "package"])
def test_left_out_where_it_is_missing(monkeypatch, missing):
    if missing == "java":
        monkeypatch.setattr(shutil, "which", lambda name: None)
    else:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/java")
    assert meteor.meteor(CAPTIONS, REFERENCES) is None
