"""What a line is, in every reader; and files that are none."""

import os
from pathlib import Path

import pytest

from rnnbench.cli.predict import _lines
from rnnbench.data.formats.text_file import split_lines
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError

# What other definitions end a line at.
INSIDE = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1dh\x1ei\rj"


def test_only_a_line_feed_ends_a_line():
    assert split_lines("") == []
    assert split_lines("\n") == [""]
    assert split_lines(f"{INSIDE}\r\n\nb") == [INSIDE, "", "b"]
    assert split_lines("a\nb\n") == ["a", "b"]
    assert split_lines("a\r") == ["a\r"]


def test_every_reader_has_this_definition():
    Path("set").mkdir()
    for name in ("train.de", "train.en", "lines.txt"):
        Path("set", name).write_bytes(f"\ufeff{INSIDE}\r\nzwei\n".encode())
    assert [row["de"] for row in Files("set").records("train")] == [INSIDE, "zwei"]
    assert [text for text, _ in _lines("set/lines.txt")] == [INSIDE, "zwei"]
    Path("set/train.tsv").write_bytes(f"text\tlabel\r\n{INSIDE}\t1\r\n".encode())
    Path("set/train.en").unlink()
    assert Files("set").rows("train")[0]["text"] == INSIDE


def test_stdin_is_read_as_a_file_is(monkeypatch):
    import io
    import sys
    from types import SimpleNamespace

    def given(content):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        return _lines("-")

    assert given(b"\xef\xbb\xbfone\r\ntwo") == [("one", "stdin, line 1"), ("two", "stdin, line 2")]
    with pytest.raises(UserError, match=r"line 2 \(byte 2, 0xff\) is not UTF-8"):
        given(b"a\n\xff")
    with pytest.raises(UserError, match="there is nothing in it"):
        given(b"")


def test_what_is_no_ordinary_file_is_refused_and_never_waited_for(tmp_path):
    def problem(name, make):
        folder = tmp_path / name
        folder.mkdir()
        make(folder / "train.jsonl")
        with pytest.raises(UserError) as caught:
            Files(str(folder)).rows("train")
        assert str(folder) in str(caught.value.where)
        return caught.value.problem

    assert problem("pipe", os.mkfifo) == "no file but a pipe"
    assert problem("device", lambda path: path.symlink_to("/dev/zero")) == "no file but a device"
    assert "symbolic links" in problem("loop", lambda path: path.symlink_to(path))
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(UserError, match="there is no such file or folder"):
        Files(str(tmp_path / "round")).rows("train")
    for name, says in (("~nobody_of_this_name/a", "there is no user 'nobody_of_this_name'"), ("a\0b", "no path")):
        with pytest.raises(UserError, match=says):
            Files(name)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": "a", "n": ' + "9" * 5000 + "}", "line 1 is not JSON: Exceeds the limit"),
        ("[" * 100_000, "line 1 is not JSON: it is nested too deeply"),
        ('{"text": ' + "[" * 500 + "]" * 500 + "}", "nested too deeply"),
        ('{"text": "\\ud800"}', "line 1 holds half a character"),
    ],
)
def test_json_of_which_nothing_can_be_made(line, says):
    Path("set").mkdir()
    Path("set/train.jsonl").write_text(line + "\n")
    with pytest.raises(UserError) as caught:
        Files("set").rows("train")
    assert says in caught.value.problem


def test_packed_files_say_how_to_unpack_them():
    Path("set").mkdir()
    Path("set/train.csv.gz").write_bytes(b"\x1f\x8b")
    for path in ("set", "set/train.csv.gz"):
        with pytest.raises(UserError, match="unpack it: gunzip -k"):
            Files(path).rows("train")


def test_a_quoted_tsv_is_read_without_its_quotes_and_it_is_said(capsys):
    Path("set").mkdir()
    Path("set/train.tsv").write_text('text\tlabel\n"he said ""so""\tand went"\t1\nplain\t0\n')
    source = Files("set")
    assert [row["text"] for row in source.rows("train")] == ['he said "so"\tand went', "plain"]
    assert source.place("train", 1) == "set/train.tsv, line 3"
    Path("set/train.tsv").write_text('text\tlabel\n"a quotation"\t1\n"""more"" and less\t0\n')
    assert [row["text"] for row in Files("set").rows("train")] == ['"a quotation"', '"""more"" and less']
    err = capsys.readouterr().err
    assert "set/train.tsv: its fields are quoted as in CSV" in err
    assert "set/train.tsv: 1 fields stand in quotation marks" in err
