"""Labels of clips: tables, rows, and what is wrong with them."""

from pathlib import Path

import pytest

from rnnbench.data import LabelledClips
from rnnbench.data.clips.labels import classes_of_frames, labels_of, read_label_table
from rnnbench.errors import UserError


def table(text, name="labels.csv"):
    Path(name).write_text(text)
    return Path(name)


def frames(row, count, several=False):
    return classes_of_frames(labels_of(row, lambda: "row 1"), count, "a.gif", several)


def names(row, count):
    return ["".join(one) or "-" for one in frames(row, count)]


def test_segments_and_what_lies_between():
    rows = read_label_table(table("clip,from,to,class\na.gif,1,2,run\na.gif,4,4,jump\nb.gif,0,0,run\n"))
    assert list(rows) == ["a.gif", "b.gif"]
    assert names(rows["a.gif"], 6) == ["-", "run", "run", "-", "jump", "-"]


def test_a_class_a_frame_and_a_class_a_clip():
    rows = read_label_table(table("clip\tframe\tclass\na\t0\tx\na\t1\ty\n", "labels.tsv"))
    assert names(rows["a"], 3) == ["x", "y", "-"]
    assert names({"labels": ["x", "x", "y"]}, 3) == ["x", "x", "y"]
    assert read_label_table(table("clip,class\na,x\nb,y\n")) == {"a": {"label": "x"}, "b": {"label": "y"}}


def test_several_classes_at_a_frame():
    row = read_label_table(table("clip,from,to,class\na,0,2,x\na,1,3,y\na,1,1,x\n"))["a"]
    assert frames(row, 5, several=True) == [["x"], ["x", "y"], ["x", "y"], ["y"], []]
    assert frames({"labels": [["x", "y"], [], ["x"]]}, 3, several=True) == [["x", "y"], [], ["x"]]
    with pytest.raises(UserError, match="frame 1 has 0 classes\na frame has one class, unless --data.several true"):
        frames({"labels": [["x"], []]}, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("clip,from,to,class\na,3,7,x\n", r"'x' is said of frames 3 to 7, and a.gif has 5 frames, 0 to 4"),
        ("clip,frame,class\na,5,x\n", "'x' is said of frame 5"),
        ("clip,from,to,class\na,0,2,x\na,2,3,y\n", "frame 2 of a.gif is 'x' already, and 'y'"),
        ("clip,from,to,class\na,3,2,x\n", "from the first to the last one"),
        ("clip,from,to,class\na,-1,2,x\n", "from the first to the last one"),
        ("clip,from,to,class\na,one,2,x\n", "frames have numbers"),
        ("clip,from,to,class\na,1,2,\n", "a class without a name"),
    ],
)
def test_labels_that_do_not_fit_are_told_by_line(text, problem):
    row = read_label_table(table(text))["a"]
    with pytest.raises(UserError, match=problem) as error:
        frames(row, 5)
    assert "labels.csv, line" in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("clip,from,class\na,1,x\n", "a column from needs a column to"),
        ("name,class\na,x\n", "there is no column 'clip'"),
        ("clip,class\n", "no clip has a label"),
        ("clip,class\na,x\na,y\n", "a is 'x' already, and 'y'"),
        ("clip,class\na,x,1\n", "line 2\n3 columns instead of 2"),
        ("clip,class,split\na,x,train\na,x,test\n", "a is in two splits, train and test"),
    ],
)
def test_tables_that_break_their_form(text, problem):
    with pytest.raises(UserError, match=problem):
        read_label_table(table(text))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"clip": "a"}, "one of label, labels and segments, found none"),
        ({"label": "x", "labels": ["x"]}, "found label and labels"),
        ({"labels": "x"}, "labels is a list, found str"),
        ({"label": 1.5}, "a label is a text, found 1.5"),
        ({"segments": [{"from": 0, "to": 1}]}, "a segment has from, to and class"),
        ({"labels": ["x"]}, "1 frames have a label, and the clip has 2 frames"),
    ],
)
def test_rows_that_say_nothing_usable(row, problem):
    with pytest.raises(UserError, match=problem):
        frames(row, 2)


def test_splits_by_folders_by_a_column_and_by_their_order():
    for split in ("train", "valid", "test"):
        Path("folders", split).mkdir(parents=True)
        table(f"clip,class\n{split}.gif,x\n", f"folders/{split}/labels.csv")
    found = LabelledClips("folders")
    assert found.rows("validation") == [{"clip": "folders/valid/valid.gif", "label": "x"}]
    Path("one").mkdir()
    table("clip,class,split\na,x,train\nb,y,dev\nc,x,test\n", "one/labels.csv")
    assert [LabelledClips("one").rows(split)[0]["clip"] for split in ("train", "validation", "test")] == [
        "one/a",
        "one/b",
        "one/c",
    ]
    table("clip,class\n" + "".join(f"{i},x\n" for i in range(10)), "one/labels.csv")
    assert [len(LabelledClips("one").rows(split)) for split in ("train", "validation", "test")] == [8, 1, 1]
    table("clip,class\n0,x\n", "one/labels.csv")
    with pytest.raises(UserError, match="the train split is empty"):
        LabelledClips("one").rows("train")
    table("clip,class,split\na,x,holiday\n", "one/labels.csv")
    with pytest.raises(UserError, match="a is in a split 'holiday'"):
        LabelledClips("one").rows("train")


def test_folders_without_labels():
    Path("empty").mkdir()
    for path, problem in (("empty", "there is no train split"), ("nowhere", "there is no such folder")):
        with pytest.raises(UserError, match=problem):
            LabelledClips(path).rows("train")
    Path("empty/train").mkdir()
    with pytest.raises(UserError, match="there are no labels in it"):
        LabelledClips("empty").rows("train")
