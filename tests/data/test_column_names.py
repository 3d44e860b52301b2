import json

import pytest

from rnnbench.data import Files
from rnnbench.data.column_names import records_of, rows_of
from rnnbench.data.source import name_it
from rnnbench.errors import UserError


@pytest.fixture
def reviews(tmp_path):
    (tmp_path / "train.csv").write_text("sentence,stars,text\nfine,good,x\nodd,bad,y\n")
    return Files(str(tmp_path))


def test_columns_are_read_by_the_names_of_the_application(reviews):
    rows = rows_of(reviews, "train", {"text": "sentence", "label": "stars"})
    assert rows == [{"text": "fine", "label": "good"}, {"text": "odd", "label": "bad"}]
    assert rows_of(reviews, "train", None)[0] == {"sentence": "fine", "stars": "good", "text": "x"}


def test_two_columns_may_change_places(reviews):
    rows = records_of(reviews, "train", {"text": "sentence", "sentence": "text"})
    assert rows[0] == {"text": "fine", "sentence": "x", "stars": "good"}


def test_a_column_that_is_not_there(reviews):
    with pytest.raises(UserError, match="has no column 'sentense'") as found:
        rows_of(reviews, "train", {"text": "sentense"})
    assert (found.value.where, found.value.hint) == ("--data.columns", "did you mean: sentence")
    with pytest.raises(UserError, match="has no column 'text'"):
        rows_of(reviews, "train", {"label": "text"})


def test_the_hint_names_what_is_near():
    assert name_it("label", {"labels": 1, "x": 2}) == "name it: --data.columns '{label: labels}'"
    assert name_it("label", {"stars": 1}) == "name it: --data.columns '{label: NAME}'"


@pytest.mark.parametrize(
    ("preset", "record", "columns"),
    [
        ("text_generation/char_lstm", {"article": "the cat sat on the mat " * 20}, {"text": "article"}),
        ("sentiment/builtin", {"review": "the cat sat", "stars": "NUMBER"}, {"text": "review", "label": "stars"}),
        ("labelling/pos_bilstm", {"words": ["a", "cat"], "pos": ["D", "N"]}, {"tokens": "words", "tags": "pos"}),
        ("translation/generated_seq2seq", {"from": "die Katze", "to": "the cat"}, {"de": "from", "en": "to"}),
    ],
)
def test_every_application_takes_the_names(tmp_path, preset, record, columns):
    """Read with them and read without: only the names differ, so the data are the same."""
    from rnnbench.cli.run_options import read_options
    from rnnbench.cli.untrained import Untrained

    def read(folder, names, *more):
        data = tmp_path / folder / "data"  # the name of a data set is that of its folder
        data.mkdir(parents=True)
        for split in ("train", "validation", "test"):
            lines = [
                json.dumps({names.get(k, k): str(i % 2) if v == "NUMBER" else v for k, v in record.items()})
                for i in range(8)
            ]
            (data / f"{split}.jsonl").write_text("\n".join(lines))
        words = ["--config", preset, "--data.source", "Files", f"--data.source.path={data}", *more]
        words += ["--data.source.card=none", "--data.batch_size=2"]
        if preset == "translation/generated_seq2seq":
            words += ["--data.source_language=de", "--data.target_language=en"]
        return Untrained(read_options("fit", words)).datamodule

    there = read("as_they_are", {}, f"--data.columns={json.dumps(columns)}")
    renamed = read("renamed", {found: name for name, found in columns.items()})
    assert there.spec == renamed.spec
    assert there.fingerprint == renamed.fingerprint
