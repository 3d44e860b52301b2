"""Every preset of this application trains a little on a tiny corpus."""

import pytest
from precisions import in_every_precision

from rnnbench.cli.presets import preset_names

PRESETS = [name for name in preset_names() if name.startswith("sentiment/")]


@in_every_precision(PRESETS)
def test_every_preset_trains_in_every_precision(preset, precision, rnnbench, corpus, tmp_path):
    if "tfidf" in preset:
        pytest.importorskip("sklearn")
    if "bayes" in preset:
        pytest.importorskip("snownlp")
    words = f"fit --config {preset} --config smoke --config own.yaml --data.source.path {corpus} --name smoke"
    rnnbench(f"{words} --trainer.precision {precision}")
    assert (tmp_path / "runs/sentiment/smoke/result.json").is_file()
