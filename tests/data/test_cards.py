import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import rnnbench
from rnnbench.data.cards import (
    BenchmarksInPackage,
    Builtin,
    InPackage,
    OnHub,
    UserFiles,
    VectorsInPackage,
    card_names,
    load_card,
)
from rnnbench.data.source import SPLITS
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError
from rnnbench.folders import configs_folder, data_folder


@pytest.mark.parametrize("name", card_names())
def test_shipped_cards_keep_the_schema(name):
    card = load_card(name)
    assert card.name == name
    without = isinstance(card.source, VectorsInPackage | BenchmarksInPackage)
    assert set(card.splits) == (set() if without else set(SPLITS))
    assert all(
        size != replace(size, rows=None, lines=None, characters=None, tokens=None) for size in card.splits.values()
    )
    assert card.source.use.startswith("--data.")


@pytest.mark.parametrize("name", card_names())
def test_the_table_of_cards_tells_what_the_cards_tell(name):
    rows = [
        line for line in (data_folder() / "README.md").read_text("utf-8").splitlines() if line.startswith(f"| `{name}`")
    ]
    assert len(rows) == 1
    assert f"`{load_card(name).source.use}`" in rows[0]


def test_all_that_was_asked_for_is_there():
    assert {
        "standard_library",
        "penn_treebank",
        "tiny_shakespeare",
        "linux_c",
        "tang_poetry",
        "chinese_reviews",
    } <= set(card_names())


def test_listing_cards_needs_no_torch():
    code = "import sys; from rnnbench.data.cards import *; [load_card(n) for n in card_names()]; "
    code += "print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def values(name="penn_treebank"):
    return yaml.safe_load((data_folder() / f"{name}.yaml").read_text("utf-8"))


def error(content, name="penn_treebank"):
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_card(f"{name}.yaml")
    return str(caught.value)


def test_the_card_that_is_broken_below_is_sound():
    Path("penn_treebank.yaml").write_text(yaml.safe_dump(values()))
    assert load_card("penn_treebank.yaml") == load_card("penn_treebank")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(license="x"), "unknown key license\ndid you mean: licence"),
        (lambda card: card["source"].update(sha512={}), "unknown key source.sha512\ndid you mean: sha256"),
        (lambda card: card["splits"]["test"].update(character=1), "splits.test.character"),
        (lambda card: card["splits"].update(valid={"rows": 1}), "did you mean: validation"),
        (lambda card: card["splits"]["test"].update(lines="many"), "splits.test.lines must be a whole number"),
        (lambda card: card["splits"]["test"].update(lines=True), "splits.test.lines must be a whole number"),
        (lambda card: card["source"]["sha256"].update(test="abc"), "64 hexadecimal digits"),
        (lambda card: card["source"].update(kind="file"), "source.kind is 'file'"),
        (lambda card: card["source"].pop("get"), "the key source.get is missing"),
        (lambda card: card.pop("licence"), "the key licence is missing"),
        (lambda card: card.update(applications=["text_generator"]), "did you mean: text_generation"),
        (lambda card: card.update(applications="text_generation"), "must be a list"),
        (lambda card: card.update(title=3), "title must be text"),
        (lambda card: card.update(title=" "), "title must be text"),
        (lambda card: card.update(source="files"), "source.kind"),
        (lambda card: card.update(name="ptb"), "calls itself 'ptb'"),
    ],
)
def test_a_broken_card_is_an_error(change, message):
    card = values()
    change(card)
    assert message in error(card)


def test_broken_yaml_is_an_error():
    assert "stands twice" in error("name: a\nname: b\n")
    assert "stands twice" in error("name: a\nsplits: {train: {rows: 1, rows: 2}}\n")
    assert "not a card" in error("name: [")
    assert "a mapping" in error("- name\n")
    assert "a mapping" in error("")


def test_folders_lie_in_the_package_in_a_wheel_and_beside_it_in_a_checkout(monkeypatch, tmp_path):
    package = Path(rnnbench.__file__).resolve().parent
    assert data_folder() in (package / "resources" / "data", package.parent / "data")
    monkeypatch.setattr("rnnbench.folders._PACKAGE", tmp_path / "rnnbench")
    assert configs_folder() == tmp_path / "configs"
    (tmp_path / "rnnbench" / "resources" / "configs").mkdir(parents=True)
    assert configs_folder() == tmp_path / "rnnbench" / "resources" / "configs"


FOLDERS = {
    "penn_treebank": "ptb",
    "tiny_shakespeare": "tinyshakespeare",
    "linux_c": "linux_c",
    "tang_poetry": "tang_poetry",
    "sst2": "sentence_classification/sst2",
    "sst_trees": "sst_trees",
    "imdb": "imdb",
    "conll2003": "conll2003_ner",
    "pku_segmentation": "pku_segmentation",
    "fsdd": "fsdd",
    "asterisk_en": "asterisk_en",
    "fillets_cs": "fillets_cs",
    "multi30k": "multi30k/en-de",
    "tatoeba": "tatoeba/en-zh",
    "flickr8k": "flickr8k",
    "babi_en_10k": "babi_en_10k",
    "chatterbot_english": "dialogue/english",
    "chatterbot_chinese": "dialogue/chinese",
}
NOT_AT_HAND = {"an4", "librispeech_100"}


def text_of(row):
    if "translation" in row:
        return "".join(row["translation"].values())
    if "transcript" in row:
        return row["transcript"]
    if "captions" in row:
        return "\n".join(row["captions"])
    if "question" in row:
        return row["question"] + row["answer"]
    return row["text"] if "text" in row else " ".join(row["tokens"])


@pytest.mark.data
@pytest.mark.parametrize("name", card_names())
def test_real_files_are_what_the_card_says(name, real_data):
    card = load_card(name)
    if not isinstance(card.source, UserFiles):
        assert isinstance(card.source, Builtin | InPackage | OnHub | VectorsInPackage | BenchmarksInPackage)
        pytest.skip("no files of the user's")
    if name in NOT_AT_HAND:
        pytest.skip("no copy of these")
    if card.applications == ("forecasting",):
        pytest.skip("series are cut by time: tests/data/series")
    if "long_range" in card.applications:
        pytest.skip("images as sequences: tests/data/long_range")
    if card.applications == ("graphs",):
        pytest.skip("nodes of one graph: tests/data/graphs")
    # The only one with several test sets.
    source = Files(str(real_data / FOLDERS[name]), card=name, test="test" if name == "multi30k" else None)
    assert source.dataset == name
    for split in SPLITS:
        texts = [text_of(row) for row in source.records(split)]
        lines = sum(text.count("\n") + (not text.endswith("\n")) for text in texts)
        found = {
            "rows": len(texts),
            "lines": lines,
            "characters": sum(map(len, texts)),
            "tokens": sum(len(text.split()) for text in texts) + lines,
        }
        said = {key: value for key, value in vars(card.splits[split]).items() if value is not None}
        assert said == {key: found[key] for key in said}


@pytest.mark.data
def test_tiny_shakespeare_is_the_same_in_one_file_and_in_three(real_data):
    folder = real_data / "tinyshakespeare"
    whole = b"".join((folder / f"{split}.txt").read_bytes() for split in SPLITS)
    Path("input.txt").write_bytes(whole)
    one, three = Files("input.txt", card="tiny_shakespeare"), Files(str(folder), card="tiny_shakespeare")
    assert [one.rows(split) for split in SPLITS] == [three.rows(split) for split in SPLITS]
