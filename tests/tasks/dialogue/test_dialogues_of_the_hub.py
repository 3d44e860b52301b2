"""The presets of the hub, on files of the form that it gives them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from rnnbench.cli.presets import config_path
from rnnbench.data.cards import load_card
from rnnbench.data.sources.hub import Hub
from rnnbench.tasks.dialogue import DialogueData

LINES = [
    "Can we make this quick?",
    "Well, I thought we would start with pronunciation.",
    "Not the hacking part.",
    "Okay.",
]
STRING = {"dtype": "string", "_type": "Value"}


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def write(path, columns, features):
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.table(columns).replace_schema_metadata(told), path)


def turns(number):
    return [LINES[(number + k) % len(LINES)] for k in range(2 + number % 4)]


def conversations(size):
    """Columns as the hub has them: a list of objects is an object of lists there."""
    said = [turns(number) for number in range(size)]
    layout = pa.struct({"text": pa.list_(pa.string()), "LineID": pa.list_(pa.string())})
    objects = [{"text": one, "LineID": [f"L{number}{k}" for k in range(len(one))]} for number, one in enumerate(said)]
    genres = [["comedy", "romance"]] * size
    columns = {"movieID": [f"m{n // 9}" for n in range(size)], "movieGenres": genres}
    columns |= {"characterName1": ["BIANCA"] * size, "utterance": pa.array(objects, layout)}
    features = {"movieID": STRING, "movieGenres": {"feature": STRING, "_type": "Sequence"}, "characterName1": STRING}
    features["utterance"] = {"feature": {"text": STRING, "LineID": STRING}, "_type": "Sequence"}
    return columns, features


def read(preset, folder):
    """The data of a preset, set up; without the card, which is of the data set of that name."""
    options = yaml.safe_load(config_path(preset).read_text(encoding="utf-8"))["data"]["init_args"]
    source = options.pop("source")["init_args"]
    assert source.pop("name") == load_card(source.pop("card")).source.name
    data = DialogueData(Hub(folder, **source), **{**options, "min_count": 1})
    data.setup("fit")
    data.setup("test")
    return data


def wanted(numbers):
    """Every turn but the first."""
    return [reply for number in numbers for reply in turns(number)[1:]]


def replies(data, split):
    return [pair.target for pair in data.pairs(split)]


def test_films_of_one_split():
    write(Path("movies/default/train/0000.parquet"), *conversations(60))
    data = read("dialogue/cornell_movies", "movies")
    for split, numbers in (("train", range(54)), ("validation", range(54, 57)), ("test", range(57, 60))):
        assert replies(data, split) == wanted(numbers)


def test_dialogues_of_learners():
    for split, size in (("train", 20), ("validation", 4), ("test", 4)):
        columns = {"dialog": [turns(number) for number in range(size)], "act": [[1, 2]] * size}
        features = {"dialog": {"feature": STRING, "_type": "Sequence"}}
        features["act"] = {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "Sequence"}
        write(Path(f"learners/default/{split}/0000.parquet"), columns, features)
    data = read("dialogue/daily_dialog", "learners")
    for split, size in (("train", 20), ("validation", 4), ("test", 4)):
        assert replies(data, split) == wanted(range(size))
