"""Every preset of this application trains a little on a tiny corpus."""

import pytest

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("sentiment/")]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains(preset, rnnbench, corpus, tmp_path):
    if "tfidf" in preset:
        pytest.importorskip("sklearn")
    if "bayes" in preset:
        pytest.importorskip("snownlp")
    rnnbench(f"fit --config {preset} --config smoke --config own.yaml --data.source.path {corpus} --name smoke")
    assert (tmp_path / "runs/sentiment/smoke/result.json").is_file()
