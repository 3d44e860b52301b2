"""Sentence pairs in files: two parallel texts, and records with a column for each language."""

import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.source import SPLITS
from rnnbench.data.sources.files import Files
from rnnbench.data.sources.hub import Hub
from rnnbench.data.text.reversible import join_words, reversible_words
from rnnbench.errors import UserError

GERMAN = ["Ein Hund.", "Zwei Katzen", "", "Vögel singen."]
ENGLISH = ["A dog.", "Two cats", "", "Birds sing."]
PAIRS = [{"de": de, "en": en} for de, en in zip(GERMAN, ENGLISH, strict=True)]


def write(folder="set", **files):
    """Files of these names, with `__` for the dot."""
    Path(folder).mkdir(exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        Path(folder, name.replace("__", ".")).write_bytes(data)


def parallel(**names):
    """Two files of each of these names."""
    for name in names or ("train", "val", "test"):
        write(**{f"{name}__de": "\n".join(GERMAN) + "\n", f"{name}__en": "\n".join(ENGLISH) + "\n"})


def error(*arguments, split="train", **options):
    with pytest.raises(UserError) as caught:
        Files(*arguments, **options).records(split)
    assert len(str(caught.value).splitlines()) <= 3
    return str(caught.value)


def test_two_texts_are_a_row_a_line_and_empty_lines_stay():
    parallel()
    source = Files("set")
    assert [source.records(split) for split in SPLITS] == [PAIRS] * 3
    assert source.place("train", 2) == "set/train.de, set/train.en, line 3"


def test_the_last_line_needs_no_end_and_carriage_returns_go():
    write(train__de="a\r\nb", train__en=b"\xef\xbb\xbfc\nd\n")
    assert Files("set").records("train") == [{"de": "a", "en": "c"}, {"de": "b", "en": "d"}]


def test_unequal_numbers_of_lines_name_both_files_and_both_counts():
    write(train__de="a\nb\nc\n", train__en="a\nb\n")
    message = error("set")
    assert "train.de has 3 lines and train.en has 2 lines" in message


def test_a_text_that_is_not_utf_8_or_empty_names_its_file():
    write(train__de=b"a\n\xff\n", train__en="a\nb\n")
    assert "set/train.de\nline 2" in error("set")
    write(train__de="")
    assert "set/train.de\nthe file is empty" in error("set")


def test_one_corpus_in_two_files_is_cut_by_lines():
    write(corpus__de="".join(f"d{i}\n" for i in range(100)), corpus__en="".join(f"e{i}\n" for i in range(100)))
    source = Files("set/corpus")
    assert source.dataset == "corpus"
    assert [len(source.records(split)) for split in SPLITS] == [90, 5, 5]
    assert source.records("test")[0] == {"de": "d95", "en": "e95"}
    assert source.place("test", 0).endswith("line 96")


def test_a_single_language_is_no_parallel_text():
    write(train__de="a\n")
    assert "no train split that can be read; found: train.de" in error("set")
    assert "no such file or folder" in error("set/train")


def test_of_several_test_sets_one_has_to_be_named():
    parallel(train=1, val=1, test_2016_flickr=1, test_2017_flickr=1)
    message = error("set", split="test")
    assert "test_2016_flickr, test_2017_flickr" in message
    assert "--data.source.test test_2016_flickr" in message
    assert Files("set", test="test_2017_flickr").records("test") == PAIRS
    assert Files("set", test="test_2017_flickr").records("validation") == PAIRS
    assert "name it test_2018_flickr" in error("set", split="test", test="test_2018_flickr")


def test_options_that_would_change_nothing_are_errors():
    parallel()
    write("one", corpus__de="a\nb\n", corpus__en="c\nd\n")
    assert "the columns stay as they are" in error("set", column="de")
    assert "train.de is no .csv" in error("set", columns=["de", "en"])
    assert "which has its own splits" in error("set", fractions=(0.8, 0.1, 0.1))
    assert "is cut into splits" in error("one/corpus", test="test")
    assert "the validation split is empty" in error("one/corpus", split="validation")
    with pytest.raises(UserError, match="the columns stay as they are"):
        Hub("set", column="de").records("train")


def test_columns_without_a_line_of_names():
    write(train__tsv="".join(f"{p['de']}\t{p['en']}\n" for p in PAIRS))
    assert Files("set", columns=["de", "en"]).records("train") == PAIRS


def parquet(rows, path):
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_a_test_set_of_records_is_named_by_its_file():
    write(train__jsonl="{}")
    for number, name in enumerate(("test", "test_2017")):
        parquet([{"translation": {"de": str(number), "en": "x"}}], f"set/{name}.parquet")
    assert "--data.source.test test" in error("set", split="test")
    rows = [Files("set", test=name).records("test") for name in ("test", "test_2017")]
    assert [row[0]["translation"]["de"] for row in rows] == ["0", "1"]
    assert "is cut into splits" in error("set/test.parquet", test="test")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv"])
def test_records_keep_the_columns_of_the_languages(kind):
    if kind == "jsonl":
        write(train__jsonl="".join(json.dumps(pair) + "\n" for pair in PAIRS))
    else:
        mark = "," if kind == "csv" else "\t"
        write(**{f"train__{kind}": f"de{mark}en\n" + "".join(f"{p['de']}{mark}{p['en']}\n" for p in PAIRS)})
    assert Files("set").records("train") == PAIRS


def translations(pairs, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    features = datasets.Features({"translation": datasets.Translation(languages=["de", "en"])})
    table = datasets.Dataset.from_list([{"translation": pair} for pair in pairs], features=features)
    pq.write_table(table.data.table, path)


def test_records_of_the_hub_in_a_folder_for_each_pair_of_languages():
    for split in SPLITS:
        translations(PAIRS, Path("talks", "de-en", split, "0000.parquet"))
        translations(PAIRS[:1], Path("talks", "ar-en", split, "0000.parquet"))
    source = Hub("talks", folder="de-en")
    assert source.dataset == "talks/de-en"
    assert [row["translation"] for row in source.records("test")] == PAIRS


def test_records_of_the_hub_keep_the_column_translation():
    for split in SPLITS:
        translations(PAIRS, Path("pairs", f"{split}.parquet"))
    for source in (Hub("pairs"), Files("pairs")):
        assert [row["translation"] for row in source.records("test")] == PAIRS


@given(st.text(st.sampled_from("ab1_ .,-'￭’\t你é\n"), max_size=30))
def test_words_and_punctuation_come_back(text):
    assert join_words(reversible_words(text)) == " ".join(text.split())


def test_words_and_punctuation():
    assert reversible_words("It's late.") == ["It", "￭'", "￭s", "late", "￭."]
    assert reversible_words('"A (b) c-d"') == ['"', "￭A", "(", "￭b", "￭)", "c", "￭-", "￭d", '￭"']
    assert join_words(["￭.", "a", "￭", "￭b"]) == ". a ￭b"
