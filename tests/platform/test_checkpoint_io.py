"""Checkpoint files: whole or not at all, and no unpickling."""

import errno
import pickle
from pathlib import Path

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.platform.checkpoint_io import SafeCheckpointIO, load_checkpoint


def test_round_trip(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"weights": torch.arange(3), "spec": {"tokens": ["a"]}}, path)
    loaded = load_checkpoint(path)
    assert loaded["weights"].tolist() == [0, 1, 2]
    assert loaded["spec"] == {"tokens": ["a"]}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("moment", ["write", "rename"])
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch, moment):
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"step": 1}, path)

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "write":
        monkeypatch.setattr(torch, "save", full)
    else:
        monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(UserError, match=r"No space left on device\); the one before is kept"):
        SafeCheckpointIO().save_checkpoint({"step": 2}, path)
    monkeypatch.undo()
    assert load_checkpoint(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir() if "ckpt" in file.name] == ["last.ckpt"]


def test_a_really_full_disk(tmp_path):
    """The device that is always full, through torch's own writer."""
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"step": 1}, path)
    real = torch.save
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", lambda checkpoint, file: real(checkpoint, full))
        with pytest.raises(UserError, match="cannot be written"):
            SafeCheckpointIO().save_checkpoint({"step": 2, "x": torch.zeros(10_000)}, path)
    assert load_checkpoint(path) == {"step": 1}


class Evil:
    def __reduce__(self):
        return (print, ("code was run",))


def test_arbitrary_unpickling_is_refused(tmp_path, capsys):
    path = tmp_path / "evil.ckpt"
    torch.save({"state_dict": {}, "evil": Evil()}, path)
    with pytest.raises(UserError, match="loading it could run code, so it is refused"):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(Evil(), protocol=2))
    with pytest.raises(UserError, match="refused"):
        load_checkpoint(path)
    assert "code was run" not in capsys.readouterr().out


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "half.ckpt"
    torch.save({"x": torch.zeros(1000)}, path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="damaged") as raised:
        load_checkpoint(path)
    assert raised.value.where == str(path)
    with pytest.raises(UserError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "none.ckpt")
