"""What is not used as it is, is counted and listed."""

import pytest

from rnnbench.data.left_out import LeftOut
from rnnbench.errors import UserError


def test_long_samples_are_dropped_counted_and_listed(tmp_path, capsys):
    left_out = LeftOut()
    kept = left_out.apply_limit("train", [3, 9, 10, 11, *[20] * 6], 10, "drop")
    assert kept.tolist() == [0, 1, 2]
    left_out.report()
    left_out.write(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "train: 7 of 10 samples dropped, longer than 10: 3, 4, 5, 6, 7, ..."
    listed = (tmp_path / "left_out.tsv").read_text().splitlines()
    assert listed[0] == "split\tsample\tdone\treason"
    assert listed[1:] == [f"train\t{i}\tdropped\tlonger than 10" for i in range(3, 10)]


def test_long_samples_are_cut_and_all_stay():
    left_out = LeftOut()
    assert left_out.apply_limit("test", [3, 30], 10, "cut").tolist() == [0, 1]
    assert left_out.lines() == ["test: 1 of 2 samples cut, longer than 10: 1"]


def test_no_length_of_a_pair_may_be_over_the_limit():
    assert LeftOut().apply_limit("train", [(3, 4), (3, 6), (6, 3)], 5, "drop").tolist() == [0]


def test_nothing_left_out_says_nothing(tmp_path, capsys):
    left_out = LeftOut()
    assert left_out.apply_limit("train", [3, 4], None, "drop").tolist() == [0, 1]
    assert left_out.apply_limit("train", [3, 4], 4, "drop").tolist() == [0, 1]
    left_out.report()
    left_out.write(tmp_path)
    assert capsys.readouterr().out == ""
    assert not list(tmp_path.iterdir())


def test_other_reasons_are_counted_apart(capsys):
    left_out = LeftOut()
    left_out.add("train", "a.jpg", "the file is truncated", "dropped")
    left_out.add("train", "b.jpg", "the file is truncated", "dropped")
    left_out.add("train", "c.jpg", "there is no caption", "dropped")
    left_out.report()
    assert capsys.readouterr().out.splitlines() == [
        "train: 2 samples dropped, the file is truncated: a.jpg, b.jpg",
        "train: 1 samples dropped, there is no caption: c.jpg",
    ]


def test_a_limit_that_leaves_nothing_is_an_error():
    with pytest.raises(UserError, match="every sample of train is longer than 2; the shortest has 3"):
        LeftOut().apply_limit("train", [3, 4], 2, "drop")
    with pytest.raises(UserError, match="found 0"):
        LeftOut().apply_limit("train", [3, 4], 0, "cut")
