"""Every application trains in every precision: its quick preset, made tiny; presets of their own stand in its tests."""

import shlex

import pytest
from precisions import in_every_precision

from rnnbench.applications import applications
from rnnbench.cli import main

PRESETS = {one.card.quick: name for name, one in applications().items()}


@in_every_precision(list(PRESETS), one_in=1)
@pytest.mark.filterwarnings("ignore")
def test_every_application_trains(preset, precision, tmp_path):
    card = applications()[PRESETS[preset]].card
    words = ["fit", f"--config={preset}", *card.tiny, f"--trainer.precision={precision}", "--trainer.max_steps=1"]
    assert main([*words, "--trainer.limit_val_batches=1", f"--runs={tmp_path}", "--name=one"]) == 0, shlex.join(words)
