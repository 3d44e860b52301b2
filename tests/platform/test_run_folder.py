from pathlib import Path

import pytest

from rnnbench.errors import UserError
from rnnbench.platform.run_folder import RunFolder


def test_names_count_up(tmp_path):
    made = [RunFolder.create(tmp_path, "app", None, "char_lstm").path.name for _ in range(3)]
    assert made == ["char_lstm-1", "char_lstm-2", "char_lstm-3"]


def test_a_run_that_exists_is_left_alone(tmp_path):
    run = RunFolder.create(tmp_path, "app", "mine", "x")
    run.config.write_text("precious")
    with pytest.raises(UserError, match="a run of this name exists; nothing was changed") as raised:
        RunFolder.create(tmp_path, "app", "mine", "x")
    assert "--resume" in raised.value.hint
    assert run.config.read_text() == "precious"


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x"])
def test_a_name_is_one_folder(tmp_path, name):
    with pytest.raises(UserError, match="cannot be called"):
        RunFolder.create(tmp_path, "app", name, "x")


def test_open(tmp_path):
    with pytest.raises(UserError, match="no such run folder"):
        RunFolder.open(tmp_path / "none", "--run")
    with pytest.raises(UserError, match="no run: it has no config.yaml"):
        RunFolder.open(tmp_path, "--run")


def test_checkpoint_prefers_the_best(tmp_path):
    run = RunFolder(tmp_path)
    with pytest.raises(UserError, match="no checkpoint yet"):
        run.checkpoint()
    run.last.parent.mkdir()
    run.last.touch()
    assert run.checkpoint() == run.last
    run.best.touch()
    assert run.checkpoint() == run.best


def test_an_unused_folder_is_removed_and_a_used_one_is_not(tmp_path):
    run = RunFolder.create(tmp_path, "app", "a", "x")
    run.discard_if_unused()
    assert not run.path.exists()
    run = RunFolder.create(tmp_path, "app", "a", "x")
    (run.path / "notes").touch()
    run.discard_if_unused()
    assert Path(run.path / "notes").exists()
