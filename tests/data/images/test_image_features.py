"""Features in files: every layout, and what is no such file."""

import os
import pickle

import numpy as np
import pytest

from rnnbench.data.images.features import FeatureFile, find_features, read_features
from rnnbench.errors import UserError

ONE, TWO = np.arange(6.0).reshape(2, 3), np.ones((1, 3), dtype=np.float16)


def test_every_layout_is_read_alike(tmp_path):
    for name in ("files", "archives", "named", "together"):
        (tmp_path / name / "below").mkdir(parents=True)
    np.save(tmp_path / "files/1.npy", ONE)
    np.save(tmp_path / "files/below/2.npy", TWO)
    (tmp_path / "files/README").write_text("no features")
    np.savez(tmp_path / "archives/1.npz", ONE)
    np.savez_compressed(tmp_path / "archives/below/2.npz", TWO)
    np.savez(tmp_path / "named/1.npz", feat=ONE, boxes=np.zeros((2, 4)))
    np.savez(tmp_path / "named/2.npz", feat=TWO, boxes=np.zeros((1, 4)))
    np.savez(tmp_path / "together/all.npz", **{"1": ONE, "2": TWO})
    for place in ("files", "archives", "named", "together", "together/all.npz"):
        found = find_features(tmp_path / place)
        assert sorted(found) == ["1", "2"]
        for name, expected in (("1", ONE), ("2", TWO)):
            values = read_features(found[name])
            assert values.dtype == np.float32
            assert (values == expected).all()
    assert list(find_features(tmp_path / "files/1.npy")) == ["1"]


def test_a_changed_archive_is_read_anew(tmp_path):
    path = tmp_path / "all.npz"
    np.savez(path, a=ONE, b=TWO)
    (a, b) = find_features(path).values()
    assert (read_features(a) == ONE).all()
    np.savez(path, a=TWO, b=ONE)
    os.utime(path, (1, 1))
    assert (read_features(a) == TWO).all()
    assert (read_features(b) == ONE).all()


def test_what_is_no_place_of_features(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "1.jpg").write_text("")
    (tmp_path / "cut.npz").write_bytes(b"PK")
    np.save(tmp_path / "empty.npy", ONE)
    (tmp_path / "twice/below").mkdir(parents=True)
    np.save(tmp_path / "twice/1.npy", ONE)
    np.save(tmp_path / "twice/below/1.npy", ONE)
    for place, message in (
        ("empty", r"there are no features in it \(.npy, .npz\)"),
        ("none", "there is no such file or folder"),
        ("1.jpg", "no file of features"),
        ("cut.npz", "no archive that can be read"),
        ("twice", "1 has features in .*1.npy and in .*below/1.npy"),
    ):
        with pytest.raises(UserError, match=message):
            find_features(tmp_path / place)


def test_what_is_no_features(tmp_path):
    np.save(tmp_path / "whole.npy", ONE)
    content = (tmp_path / "whole.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(content[:-8])
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(ONE))
    np.save(tmp_path / "objects.npy", np.array([[{}]]), allow_pickle=True)
    for name, values in (
        ("map", np.zeros((2, 2, 3))), ("vector", np.zeros(3)), ("none", np.zeros((0, 3))), ("text", np.array([["a"]])),
        ("nan", np.array([[1.0, np.nan]])), ("huge", np.array([[1e300]])),
    ):  # fmt: skip
        np.save(tmp_path / f"{name}.npy", values)
    for name, message in (
        ("cut", "no features that can be read"),
        ("empty", "no features that can be read"),
        ("pickle", "no features that can be read"),
        ("objects", "no features that can be read"),
        ("map", r"no matrix of regions by features but float64 \(2, 2, 3\)"),
        ("vector", "no matrix"),
        ("none", r"\(0, 3\)"),
        ("text", "but <U1"),
        ("nan", "finite"),
        ("huge", "finite"),
        ("gone", "no features that can be read"),
    ):
        with pytest.raises(UserError, match=message) as error:
            read_features(FeatureFile(tmp_path / f"{name}.npy"))
        assert error.value.where == str(tmp_path / f"{name}.npy")
