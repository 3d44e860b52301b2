"""What earlier versions called classes is still understood."""

import importlib

import pytest

from rnnbench.cli import main
from rnnbench.cli.old_names import _MOVED, renamed


@pytest.mark.parametrize("name", sorted(set(_MOVED.values())))
def test_every_new_name_can_be_imported(name):
    module, _, last = name.rpartition(".")
    assert getattr(importlib.import_module(module), last).__name__ == last


def test_only_whole_names_are_changed():
    old = {"a": ["rnnbench.data.files.Files", {"class_path": "rnnbench.data.hub.Hub"}], "b": "a rnnbench.data.hub.Hub"}
    assert renamed(old) == {
        "a": ["rnnbench.data.Files", {"class_path": "rnnbench.data.Hub"}],
        "b": "a rnnbench.data.hub.Hub",
    }


def test_a_run_that_an_earlier_version_wrote_goes_on(tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be\n" * 60)
    quick = ["--data.batch_size=2", "--model.backbone.hidden_size=4", "--trainer.limit_test_batches=1"]
    words = ["fit", "--config=text_generation/char_lstm", "--data.source=Files", "--data.source.path=text.txt", *quick]
    assert main([*words, "--trainer.max_epochs=1", "--name=old"]) == 0
    run = tmp_path / "runs/text_generation/old"
    # The configuration as version 0.1.0 left it in the folder.
    config = (run / "config.yaml").read_text()
    assert "rnnbench.data.Files" in config
    (run / "config.yaml").write_text(config.replace("rnnbench.data.Files", "rnnbench.data.files.Files"))
    assert main(["fit", f"--resume={run}", "--trainer.max_epochs=2"]) == 0
    assert main(["test", f"--run={run}"]) == 0
