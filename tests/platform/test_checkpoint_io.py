"""Checkpoint files: whole or not at all, and no unpickling."""

import errno
import pickle
from pathlib import Path
from random import Random

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.platform.checkpoint_io import SafeCheckpointIO, check_resumable, load_checkpoint

PARTS = {"spec": {"tokens": ["a"]}, "state_dict": {}, "pytorch-lightning_version": "2.6.0"}


def test_round_trip(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"weights": torch.arange(3), **PARTS}, path)
    loaded = load_checkpoint(path)
    assert loaded["weights"].tolist() == [0, 1, 2]
    assert loaded["spec"] == {"tokens": ["a"]}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("moment", ["write", "rename"])
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch, moment):
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"step": 1, **PARTS}, path)

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "write":
        monkeypatch.setattr(torch, "save", full)
    else:
        monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(UserError, match=r"No space left on device\); the one before is kept"):
        SafeCheckpointIO().save_checkpoint({"step": 2, **PARTS}, path)
    monkeypatch.undo()
    assert load_checkpoint(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir() if "ckpt" in file.name] == ["last.ckpt"]


def test_a_really_full_disk(tmp_path):
    """The device that is always full, through torch's own writer."""
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"step": 1, **PARTS}, path)
    real = torch.save
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", lambda checkpoint, file: real(checkpoint, full))
        with pytest.raises(UserError, match="cannot be written"):
            SafeCheckpointIO().save_checkpoint({"step": 2, **PARTS, "x": torch.zeros(10_000)}, path)
    assert load_checkpoint(path)["step"] == 1


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


def test_what_does_not_read_back_does_not_take_the_place_of_what_does(tmp_path, monkeypatch):
    """A disk that loses a byte on the way."""
    path = tmp_path / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"step": 1, **PARTS}, path)
    save = torch.save

    def spoilt(checkpoint, file):
        save(checkpoint, file)
        file.seek(file.tell() // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", spoilt)
        with pytest.raises(UserError, match=r"reads back otherwise.*the one before is kept"):
            SafeCheckpointIO().save_checkpoint({"step": 2, **PARTS, "x": torch.zeros(10_000)}, path)
    assert load_checkpoint(path)["step"] == 1
    assert [file.name for file in tmp_path.iterdir() if "ckpt" in file.name] == ["last.ckpt"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a small checkpoint."""
    path = tmp_path_factory.mktemp("whole") / "last.ckpt"
    weights = {f"layer.{n}": torch.arange(40.0) + n for n in range(3)}
    SafeCheckpointIO().save_checkpoint({**PARTS, "state_dict": weights, "epoch": 3}, path)
    return path.read_bytes()


def error_of(path, whole_path):
    """How it is refused; None where it loads as the whole file does: the damage is where nothing is read."""
    try:
        one = load_checkpoint(path)
    except UserError as error:
        return error
    two = load_checkpoint(whole_path)
    assert {**one, "state_dict": None} == {**two, "state_dict": None}
    assert all(torch.equal(one["state_dict"][name], two["state_dict"][name]) for name in two["state_dict"])
    return None


@pytest.mark.parametrize("number", [60, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_files_are_refused_in_a_line_or_read_as_they_were(tmp_path, whole, number):
    """Cut, flipped, overwritten, doubled: no other exception, and never other weights."""
    random = Random(number)
    (tmp_path / "whole.ckpt").write_bytes(whole)
    path, refused = tmp_path / "damaged.ckpt", 0
    for _ in range(number):
        content = bytearray(whole)
        place = random.randrange(len(content))
        kind = random.choice(["cut", "flip", "zeros", "noise", "doubled"])
        if kind == "cut":
            del content[place:]
        elif kind == "flip":
            content[place] ^= 1 << random.randrange(8)
        elif kind == "doubled":
            content[place:place] = content[place : place + 50]
        else:
            length = random.randrange(1, 200)
            content[place : place + length] = bytes(length) if kind == "zeros" else random.randbytes(length)
        path.write_bytes(content)
        told = error_of(path, tmp_path / "whole.ckpt")
        if told is not None:
            assert told.where == str(path)
            assert "\n" not in told.problem
            refused += 1
    assert refused > number / 2


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80", b"{}", b"\xff" * 100, "caf\u00e9".encode()])
def test_what_is_no_checkpoint_is_told(tmp_path, content):
    path = tmp_path / "x.ckpt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"this is no checkpoint|damaged|refused"):
        load_checkpoint(path)


def test_a_flipped_bit_in_a_weight_is_noticed(tmp_path, whole):
    content = bytearray(whole)
    content[content.index(torch.arange(40.0).numpy().tobytes()) + 50] ^= 1
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(UserError, match=r"damaged: the checksum of .* is wrong"):
        load_checkpoint(tmp_path / "x.ckpt")


@pytest.mark.parametrize(
    ("part", "says"),
    [("spec", "no data spec"), ("state_dict", "no weights"), ("pytorch-lightning_version", "no version of Lightning")],
)
def test_a_part_that_is_missing_is_named(tmp_path, part, says):
    torch.save({name: value for name, value in PARTS.items() if name != part}, tmp_path / "x.ckpt")
    with pytest.raises(UserError, match=says):
        load_checkpoint(tmp_path / "x.ckpt")


def test_weights_alone_are_nothing_to_go_on_from(tmp_path):
    with pytest.raises(UserError, match="holds weights to use and no training"):
        check_resumable(PARTS, tmp_path / "best.ckpt")
