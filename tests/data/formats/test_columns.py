"""CSV, TSV, CoNLL, and classes stored as numbers."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnbench.data.formats.class_names import name_classes
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError


def write(name, content):
    Path("set").mkdir(exist_ok=True)
    Path("set", name).write_bytes(content.encode() if isinstance(content, str) else content)


def rows(name, content, **options):
    for old in Path().glob("set/train.*"):
        old.unlink()
    write(f"train.{name}", content)
    return Files("set", **options).rows("train")


def error(name, content, **options):
    with pytest.raises(UserError) as caught:
        rows(name, content, **options)
    assert caught.value.where == f"set/train.{name}"
    return caught.value.problem


def test_the_first_line_of_csv_names_the_columns():
    content = 'text,label\r\n"good, ""really""\nso",positive\r\n\r\nbad,negative\r\n'
    assert rows("csv", content) == [
        {"label": "positive", "text": 'good, "really"\nso'},
        {"label": "negative", "text": "bad"},
    ]


def test_quotation_marks_of_tsv_are_text():
    assert rows("tsv", 'text\tlabel\nsay "yes\tpositive\n') == [{"label": "positive", "text": 'say "yes'}]


def test_columns_without_a_line_of_names():
    assert rows("tsv", "good\t1\nbad\t0\n", columns=["text", "label"])[1] == {"label": "0", "text": "bad"}
    assert rows("csv", "1,good\n", columns=["label", "text"]) == [{"label": "1", "text": "good"}]


def test_very_long_text():
    assert len(rows("csv", f"text,label\n{'x' * 300_000},a\n")[0]["text"]) == 300_000


def test_malformed_lines_are_named():
    assert "line 3 has 1 columns instead of 2: text, label" in error("tsv", "text\tlabel\na\tb\nc\n")
    assert "line 3 is not CSV" in error("csv", 'text,label\na,b\n"c"d,e\n')
    assert "two columns have one name" in error("csv", "text,text\na,b\n")
    assert "no column 'text'; there are: body, label" in error("csv", "body,label\na,b\n")


def test_columns_are_for_files_in_columns():
    with pytest.raises(UserError, match="is no .csv, .tsv or .conll file"):
        rows("jsonl", '{"text": "a"}', columns=["text"])


CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\n\nPeter\tNNP\tI-NP\tB-PER\r\n"


def test_sentences_of_conll():
    assert rows("conll", CONLL) == [
        {"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]},
        {"tokens": ["Peter"], "tags": ["B-PER"]},
    ]


def test_columns_of_conll_by_name():
    found = rows("conll", CONLL, columns=["tokens", "tags", "chunk", "entity"])
    assert found[0] == {"tokens": ["EU", "rejects"], "tags": ["NNP", "VBZ"], "chunk": ["I-NP", "I-VP"], "entity": ["B-ORG", "O"]}  # fmt: skip # noqa: E501


def test_a_malformed_line_of_conll_is_named():
    assert error("conll", "a X\nb Y\n\nc\n") == "line 4 has 1 columns instead of 2: 'c'"
    assert error("conll", "a X\nb Y Z\n") == "line 2 has 3 columns instead of 2: 'b Y Z'"
    assert error("conll", "a\nb\n") == "line 1 has a token and no tag: 'a'"
    assert error("conll", "a X\n", columns=["tokens", "pos", "tags"]) == "line 1 has 2 columns instead of 3: 'a X'"


def test_a_token_of_unusual_white_space_is_a_token():
    assert rows("conll", "\u00a0 O\n\u3000 O\n") == [{"tokens": ["\u00a0", "\u3000"], "tags": ["O", "O"]}]


def test_a_file_of_sentences_is_cut_by_sentences():
    write("all.conll", "".join(f"w{i} T\n\n" for i in range(20)))
    assert [len(Files("set/all.conll").rows(split)) for split in ("train", "validation", "test")] == [18, 1, 1]


def test_classes_of_parquet_come_by_their_names():
    names = {"names": ["negative", "positive"], "_type": "ClassLabel"}
    features = {"label": names, "tags": {"feature": names, "_type": "List"}, "text": {"dtype": "string"}}
    table = pa.table({"text": ["a", "b"], "label": [1, -1], "tags": [[0, 1], []]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    Path("set").mkdir()
    pq.write_table(table, "set/train.parquet")
    assert Files("set").rows("train") == [
        {"label": "positive", "tags": ["negative", "positive"], "text": "a"},
        {"label": -1, "tags": [], "text": "b"},
    ]


def test_older_features_without_classes_are_left_alone():
    records = [{"a": 1, "b": [2], "c": None}]
    features = {"a": {"dtype": "int32"}, "b": [{"dtype": "int32"}], "c": {"names": ["x"], "_type": "ClassLabel"}}
    assert name_classes(records, features) == [{"a": 1, "b": [2], "c": None}]
