import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnbench.data.source import SPLITS
from rnnbench.data.sources.files import Files
from rnnbench.data.sources.folder import split_of
from rnnbench.errors import UserError


def write(**files):
    """Files of these names, with `__` for the dot and `___` for the slash, in the folder `set`."""
    for name, content in files.items():
        path = Path("set", name.replace("___", "/").replace("__", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def texts(source, split):
    return [row["text"] for row in source.rows(split)]


def jsonl(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def parquet(**columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def error(*arguments, split="train", **options):
    with pytest.raises(UserError) as caught:
        Files(*arguments, **options).rows(split)
    assert len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


# One file


def test_a_text_file_is_cut_by_characters():
    text = "".join(chr(0x4E00 + i) for i in range(100))
    write(book__txt=text)
    source = Files("set/book.txt")
    assert [texts(source, split) for split in SPLITS] == [[text[:90]], [text[90:95]], [text[95:]]]
    assert source.dataset == "book"
    assert texts(Files("set/book.txt", fractions=(0.5, 0.25, 0.25)), "test") == [text[75:]]


def test_line_endings_stay_and_the_byte_order_mark_goes():
    write(a__txt=b"\xef\xbb\xbfone\r\ntwo\rthree\n\xef\xbb\xbf")
    assert "".join(texts(Files("set/a.txt"), split)[0] for split in SPLITS) == "one\r\ntwo\rthree\n\ufeff"


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_file_of_records_is_cut_by_records(suffix):
    words = [f"w{i}" for i in range(20)]
    content = parquet(text=words) if suffix == "parquet" else jsonl(*({"text": word} for word in words))
    write(**{f"a__{suffix}": content})
    source = Files(f"set/a.{suffix}")
    assert [texts(source, split) for split in SPLITS] == [words[:18], [words[18]], [words[19]]]


def test_not_utf8_tells_line_and_byte():
    write(a__txt=b"one\ntwo\nl\xe4ngst\n" + b"x" * 1000)
    message = error("set/a.txt")
    assert "set/a.txt" in message
    assert "line 3 (byte 9, 0xe4)" in message
    assert "iconv" in message


def test_what_is_wrong_with_one_file():
    write(empty__txt="", bom__txt=b"\xef\xbb\xbf", three__txt="abc", a__xml="x", noext="x", a__txt="text\n" * 50)
    assert "empty" in error("set/empty.txt")
    assert "empty" in error("set/bom.txt")
    assert "the validation split is empty" in error("set/three.txt", split="validation")
    assert ".xml" in error("set/a.xml")
    assert ".txt, .ptb, .mrg, .jsonl, .json, .parquet, .csv, .tsv, .conll, .conllu" in error("set/a.xml")
    assert "(no extension)" in error("set/noext")
    assert "--data.source.path set/nothing.txt" in error("set/nothing.txt")
    assert "train.txt" in error("set/nothing.txt")
    assert "--data.source.column story" in error("set/a.txt", column="story")
    assert "sum to 1.1" in error("set/a.txt", fractions=(0.9, 0.1, 0.1))


# Folders


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("ptb.train", "train"),
        ("train-00000-of-00001", "train"),
        ("ptb.valid", "validation"),
        ("VAL", "validation"),
        ("news_dev", "validation"),
        ("validation", "validation"),
        ("newstest2016", None),
        ("test", "test"),
        ("latest", None),
        ("training", None),
        ("train_and_test", None),
        ("devtest", None),
    ],
)
def test_a_split_is_a_whole_word_of_the_name(name, split):
    assert split_of(name) == split


def test_a_folder_of_text_files():
    write(**{"ptb__train__txt": "a\n", "ptb__valid__txt": "b\n", "ptb__test__txt": "c\n", "README__md": "train"})
    source = Files("set")
    assert [source.rows(split) for split in SPLITS] == [[{"text": "a\n"}], [{"text": "b\n"}], [{"text": "c\n"}]]
    assert source.dataset == "set"
    assert Files("set/../set/").dataset == "set"


def test_folders_of_documents_are_read_in_sorted_order():
    write(train___b__txt="2", train___a___z__c="1", train___c__jsonl=jsonl({"text": "3"}))
    Path("set/train/.git").mkdir()
    Path("set/train/.git/config").write_text("no")
    assert Files("set").rows("train") == [
        {"text": "1", "name": "train/a/z.c"},
        {"text": "2", "name": "train/b.txt"},
        {"text": "3"},
    ]


def test_numbered_parts_are_joined():
    for i in (1, 0):
        write(**{f"train-0000{i}-of-00002__parquet": parquet(text=[str(i)])})
    assert texts(Files("set"), "train") == ["0", "1"]
    Path("set/train-00000-of-00002.parquet").unlink()
    assert "not all are there" in error("set")


def test_two_candidates_for_a_split_are_an_error():
    write(ptb__train__txt="a", ptb__char__train__txt="b")
    message = error("set")
    assert "ptb.char.train.txt, ptb.train.txt" in message
    write(dev__txt="a", valid___a__txt="b")
    assert "dev.txt, valid" in error("set", split="validation")


def test_what_is_wrong_with_a_folder():
    write(train__xml="x", notes__txt="x", test___none="")
    assert "found: train.xml" in error("set")
    assert "train.txt" in error("set")
    assert "found: notes.txt, test, train.xml" in error("set", split="validation")
    assert "empty" in error("set", split="test")
    Path("set/test/none").unlink()
    assert "the test split is empty" in error("set", split="test")
    assert "--data.source.fractions" in error("set", fractions=(0.8, 0.1, 0.1))


# Records


def test_the_column_becomes_the_text_and_the_others_stay():
    write(train__jsonl=jsonl({"body": "a\u2028b", "text": "old", "label": 1}) + "\n", test__parquet=parquet(body=["c"]))
    source = Files("set", column="body")
    assert source.rows("train") == [{"text": "a\u2028b", "label": 1}]
    assert source.rows("test") == [{"text": "c"}]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_missing_column_names_those_there_are(suffix):
    content = parquet(txet=["a"], label=[1]) if suffix == "parquet" else jsonl({"txet": "a", "label": 1})
    write(**{f"train__{suffix}": content})
    message = error("set")
    assert "txet, label" in message
    assert "name it: --data.columns '{text: txet}'" in message
    assert "holds no text but int" in error("set", column="label")
    # Who named one by the source's own option is told of that.
    assert "--data.source.column names the text; did you mean: txet" in error("set", column="txe")


def test_broken_records():
    write(train__jsonl='{"text": "a"}\n{"text": \n', dev__jsonl="[1]\n", test__parquet=b"PAR1 no")
    assert "line 2 is not JSON" in error("set")
    assert "line 1 is no JSON object but list" in error("set", split="validation")
    assert "not a Parquet file" in error("set", split="test")


# Cards


def card(name="mine", **sums):
    lines = "".join(f"    {key}: {value}\n" for key, value in sums.items())
    Path(f"{name}.yaml").write_text(
        f"name: {name}\ntitle: Mine\napplications: [text_generation]\nlicence: none\nlanguage: English\nurl: none\n"
        "splits: {train: {rows: 1}}\n"
        "source:\n  kind: files\n  get: from the shop\n  use: options\n" + (f"  sha256:\n{lines}" if sums else "")
    )
    return f"{name}.yaml"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_card_gives_its_name_and_checks_the_files():
    write(train__txt="right", dev__txt="wrong")
    source = Files("set", card=card(train=sha256("right"), validation=sha256("right")))
    assert source.dataset == "mine"
    assert texts(source, "train") == ["right"]
    with pytest.raises(UserError) as caught:
        source.rows("validation")
    assert caught.value.where == "set/dev.txt"
    assert sha256("right") in caught.value.problem
    assert sha256("wrong") in caught.value.problem


def test_a_card_of_the_whole_checks_the_one_file():
    write(all__txt="x" * 100, other__txt="y" * 100)
    assert len(texts(Files("set/all.txt", card=card(whole=sha256("x" * 100))), "train")[0]) == 90
    assert sha256("y" * 100) in error("set/other.txt", card="mine.yaml")
    assert "fixed" in error("set/all.txt", card="mine.yaml", fractions=(0.8, 0.1, 0.1))


def test_what_a_card_cannot_check_is_an_error():
    write(all__txt="x" * 100, train___a__txt="x")
    card(train=sha256("x"))
    assert "not of one file that holds all" in error("set/all.txt", card="mine.yaml")
    assert "as one file" in error("set", card="mine.yaml")


def test_a_card_without_checksums_only_names():
    write(train__txt="anything")
    assert Files("set", card=card()).dataset == "mine"
    assert texts(Files("set", card="mine.yaml"), "train") == ["anything"]


def test_a_card_says_how_many_rows_there_are():
    write(train__jsonl='{"text": "a"}\n{"text": "b"}\n')
    assert "train has 2 rows, and 1 by the card of mine" in error("set", card=card())


def test_missing_files_of_a_card_say_where_to_get_them():
    assert "from the shop" in error("nowhere", card=card())


def test_a_card_of_another_kind_or_name_is_refused():
    with pytest.raises(UserError, match="of kind 'package'"):
        Files("set", card="chinese_reviews")
    with pytest.raises(UserError, match="did you mean: penn_treebank"):
        Files("set", card="penn_treebnk")
    card()
    with pytest.raises(UserError, match="no such data card") as caught:
        Files("set", card="mien.yaml")
    assert caught.value.hint == "did you mean: mine.yaml"
    with pytest.raises(UserError, match="no data card"):
        Files("set", card="../data/penn_treebank")
