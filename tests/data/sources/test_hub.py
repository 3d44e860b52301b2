import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rnnbench.data.sources.hub import Hub
from rnnbench.errors import UserError


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder():
    """A data set in the form of the hub, in a folder."""
    for name, texts in {"train": ["a", "b"], "dev": ["c"], "test": ["d"]}.items():
        Path("poems/data").mkdir(parents=True, exist_ok=True)
        layout = pa.struct({"bytes": pa.binary(), "path": pa.string()})
        sound = pa.array([{"bytes": b"\xff", "path": None}] * len(texts), layout)
        table = pa.table({"text": texts, "audio": sound, "n": [1] * len(texts), "label": [1] * len(texts)})
        # What files of the hub say of a column with audio; reading it row by row would decode it.
        features = {"text": {"dtype": "string", "_type": "Value"}, "audio": {"_type": "Audio"}}
        features["n"] = {"dtype": "int64", "_type": "Value"}
        features["label"] = {"names": ["negative", "positive"], "_type": "ClassLabel"}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        pq.write_table(table, f"poems/data/{name}-00000-of-00001.parquet")
    return "poems"


def test_a_folder_in_the_form_of_the_hub_is_read(folder, capfd):
    source = Hub(folder)
    source.prepare()
    assert source.dataset == "poems"
    audio = {"audio": {"bytes": b"\xff", "path": None}, "n": 1, "label": "positive"}
    assert list(source.rows("train")) == [{"text": "a", **audio}, {"text": "b", **audio}]
    assert [row["text"] for row in source.rows("validation")] == ["c"]
    assert [row["text"] for row in source.rows("test")] == ["d"]
    assert capfd.readouterr().err == ""


def test_it_is_loaded_once(folder, monkeypatch):
    source = Hub(folder)
    source.rows("train")
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("loaded again"))
    source.rows("test")


def test_splits_and_columns_that_are_not_there(folder):
    Path(folder, "data/test-00000-of-00001.parquet").unlink()
    with pytest.raises(UserError, match="no test split; its splits: train, dev"):
        Hub(folder).rows("test")
    with pytest.raises(UserError, match="there are: text, audio, n, label"):
        list(Hub(folder, column="poem").rows("train"))


def test_names_of_a_validation_split_are_tried_in_order(monkeypatch):
    import datasets

    def load(*names):
        splits = {name: datasets.Dataset.from_dict({"text": [name]}) for name in names}
        monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: splits)
        return Hub("x").rows("validation")

    assert load("train", "valid") == [{"text": "valid"}]
    assert load("dev", "valid", "validation") == [{"text": "validation"}]


def test_what_is_asked_for_is_what_is_loaded(monkeypatch):
    import datasets

    calls = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: calls.append((a, k)) or {})
    source = Hub("owner/name", configuration="small", folder="part", revision="abc")
    source.prepare()
    assert calls == [(("owner/name", "small"), {"data_dir": "part", "revision": "abc", "streaming": False})]
    assert source.dataset == "owner/name/small/part"


def test_without_a_network_the_way_out_is_named():
    with pytest.raises(UserError) as caught:
        Hub("nobody/nothing").prepare()
    assert caught.value.where == "--data.source.name nobody/nothing"
    assert "--data.source Files --data.source.path" in caught.value.hint


def test_an_unknown_configuration_names_those_there_are(folder):
    with pytest.raises(UserError, match="default") as caught:
        Hub(folder, configuration="small").prepare()
    assert "--data.source.configuration" in caught.value.hint


def test_a_card_names_the_data_set(folder):
    Path("mine.yaml").write_text(
        "name: mine\ntitle: Mine\napplications: [text_generation]\nlicence: none\nlanguage: none\nurl: none\n"
        "splits: {}\n"
        "source: {kind: hub, use: options, name: poems}\n"
    )
    assert Hub(folder, card="mine.yaml").dataset == "mine"
    with pytest.raises(UserError, match="describes poems"):
        Hub("songs", card="mine.yaml")
    with pytest.raises(UserError, match="of kind 'package'"):
        Hub(folder, card="chinese_reviews")


def test_a_split_may_have_another_name(folder):
    assert [row["text"] for row in Hub(folder, splits={"test": "dev"}).rows("test")] == ["c"]
    with pytest.raises(UserError, match=r"no train split called train\.100; its splits: "):
        Hub(folder, splits={"train": "train.100"}).rows("train")
    with pytest.raises(UserError, match="there is no split 'dev'"):
        Hub(folder, splits={"dev": "dev"})


def one_split(rows, *more):
    Path("films/data").mkdir(parents=True, exist_ok=True)
    for name in ("train", *more):
        pq.write_table(pa.table({"text": [f"{name}{i}" for i in range(rows)]}), f"films/data/{name}.parquet")
    return "films"


def test_one_split_is_cut_in_its_order():
    source = Hub(one_split(20), fractions=(0.8, 0.1, 0.1))
    found = {split: [row["text"] for row in source.rows(split)] for split in ("train", "validation", "test")}
    assert found["train"] == [f"train{i}" for i in range(16)]
    assert (found["validation"], found["test"]) == (["train16", "train17"], ["train18", "train19"])
    streamed = Hub("films", fractions=(0.8, 0.1, 0.1), streaming=True, first=10)
    found = {split: [row["text"] for row in streamed.rows(split)] for split in ("train", "validation", "test")}
    assert found == {"train": [f"train{i}" for i in range(8)], "validation": ["train8"], "test": ["train9"]}


def test_what_is_not_cut_is_one_message():
    with pytest.raises(UserError, match="no validation split; its splits: train") as told:
        Hub(one_split(3)).rows("validation")
    assert "--data.source.fractions '[0.9, 0.05, 0.05]' cuts it" in str(told.value)
    with pytest.raises(UserError, match="3 records are too few to have a part for validation"):
        Hub("films", fractions=(0.9, 0.05, 0.05)).rows("validation")
    with pytest.raises(UserError, match="the shares sum to 2"):
        Hub("films", fractions=(1, 0.5, 0.5))
    with pytest.raises(UserError, match="one split alone is cut; its splits: train, test"):
        Hub(one_split(3, "test"), fractions=(0.8, 0.1, 0.1)).rows("train")


def test_a_stream_has_the_rows_of_the_whole_and_is_read_once(folder, monkeypatch):
    splits = ("train", "validation", "test")
    whole = {split: list(Hub(folder).rows(split)) for split in splits}
    source = Hub(folder, streaming=True)
    source.prepare()
    assert {split: list(source.rows(split)) for split in splits} == whole
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("asked for again"))
    again = Hub(folder, streaming=True)
    again.prepare()
    assert {split: list(again.rows(split)) for split in splits} == whole


def test_the_first_rows_of_a_data_set(folder):
    for streaming in (False, True):
        source = Hub(folder, streaming=streaming, first=1)
        assert source.dataset == "poems/1"
        assert [row["text"] for row in source.rows("train")] == ["a"]
    Path(folder, "data/dev-00000-of-00001.parquet").unlink()
    with pytest.raises(UserError, match="there is no validation split; its splits: train, test"):
        Hub(folder, streaming=True).prepare()
    with pytest.raises(UserError, match="at least 1"):
        Hub(folder, first=0)


def test_a_stream_is_that_of_a_commit():
    with pytest.raises(UserError, match="may be other rows tomorrow") as caught:
        Hub("owner/name", streaming=True)
    assert "--data.source.revision" in caught.value.hint


def test_a_stream_that_becomes_another_one_is_refused_and_leaves_nothing(monkeypatch, cache):
    import datasets

    def rows():
        yield from ({"text": "a", "n": 1} for _ in range(1500))
        yield {"text": "b", "n": "two"}

    streams = {"train": datasets.IterableDataset.from_generator(rows)}
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: streams)
    with pytest.raises(UserError, match="the train split cannot be read"):
        Hub("x", revision="abc", streaming=True).rows("train")
    assert not list((cache / "large").rglob("*.arrow"))
    assert len(Hub("x", revision="abc", streaming=True, first=1000).rows("train")) == 1000
