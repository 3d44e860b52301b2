"""What lines of a package hold: text with a label, columns, words with tags; archives in archives."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest
import yaml

from rnnbench.data.source import SPLITS
from rnnbench.data.sources.package import Package
from rnnbench.errors import UserError


def tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def publish(monkeypatch):
    """Puts text files into a package of a local index and gives the source that reads them."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)

    def make(files, inside=None, **options):
        files = {name: text.encode() for name, text in files.items()}
        archive = tar(files if inside is None else {inside: tar(files)})
        folder = Path("index/words")
        folder.mkdir(parents=True)
        (folder / "words-1.0.tar.gz").write_bytes(archive)
        (folder / "index.html").write_text('<a href="words-1.0.tar.gz">words-1.0.tar.gz</a>')
        monkeypatch.setenv("PIP_INDEX_URL", Path("index").resolve().as_uri())
        source = {
            "kind": "package", "use": "--data.source Package", "requirement": "words==1.0", "file": "words-1.0.tar.gz",
            "sha256": sha256(archive), "members": {name: sha256(data) for name, data in files.items()},
            "percent": {"train": 60, "validation": 20, "test": 20}, **options,
        }  # fmt: skip
        if inside is not None:
            source["inside"] = inside
        card = {"name": "words", "title": "Words", "applications": ["sentiment"], "source": source, "licence": "none"}
        Path("words.yaml").write_text(yaml.safe_dump({**card, "language": "none", "splits": {}, "url": "none"}))
        package = Package("words.yaml")
        package.prepare()
        return package

    return make


def everything(package):
    return [row for split in SPLITS for row in package.rows(split)]


def test_labels_of_files_and_contradictions(publish):
    files = {"neg.txt": "".join(f"bad {i}\n" for i in range(40)) + "both\n", "pos.txt": "good\ngood\n both\n"}
    rows = everything(publish(files, labels={"neg.txt": "negative", "pos.txt": "positive"}))
    assert len(rows) == 41
    assert {"text": "good", "label": "positive"} in rows
    assert {"text": "bad 7", "label": "negative"} in rows


def test_columns_of_an_archive_in_the_archive(publish):
    ratings = [0 if i == 3 else i - 20 for i in range(60)]
    lines = "".join(f"{i}\t{rating}\ttext {i}\r\n" for i, rating in enumerate(ratings))
    package = publish({"in/ratings.txt": lines}, "words-1.0/more.tar.gz", format="columns", columns=["id", "rating", "text"])  # fmt: skip # noqa: E501
    rows = {row["text"]: row for row in everything(package)}
    assert len(rows) == 58, "neither the 0 by accident nor the 0 at 20"
    assert rows["text 5"] == {"id": "5", "rating": "-15", "text": "text 5", "label": "negative"}
    assert rows["text 50"]["label"] == "positive"


def test_a_text_stands_in_one_split_whatever_the_other_columns_say(publish):
    lines = "".join(f"{i}\t1\ttext {i % 30}\n" for i in range(90))
    rows = everything(publish({"a.txt": lines}, format="columns", columns=["id", "rating", "text"]))
    assert sorted(row["text"] for row in rows) == sorted(f"text {i}" for i in range(30))


def test_words_with_tags(publish):
    lines = "".join(f"中国/ns  人民/n  {i}/m  1/2/m\n" for i in range(50))
    rows = everything(publish({"a.txt": lines}, format="tagged"))
    assert len(rows) == 50
    assert rows[0]["tags"] == ["ns", "n", "m", "m"]
    assert rows[0]["tokens"][3] == "1/2"


def test_malformed_lines_are_named(publish):
    good = "".join(f"a{i}/n\n" for i in range(50))
    with pytest.raises(UserError, match=r"a\.txt, line 51\n'word' is no word with its tag"):
        publish({"a.txt": good + "b/n word\n"}, format="tagged").rows("train")


def test_missing_columns_are_named(publish):
    package = publish({"a.txt": "1\tx\n"}, format="columns", columns=["id", "rating", "text"])
    with pytest.raises(UserError, match=r"a\.txt, line 1\n2 columns instead of 3: id, rating, text"):
        package.rows("train")
