import pyarrow
import pyarrow.parquet
import pytest

from rnnbench.data.generated.reviews import GeneratedReviews
from rnnbench.data.sources.files import Files


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.jsonl", '{"text": "a"}\n\n{"text": "b"}\n', [1, 3]),
        ("a.tsv", "text\tlabel\na\tx\n\nb\ty\n", [2, 4]),
        ("a.csv", 'text,label\n"a\nand more",x\nb,y\n', [3, 4]),
    ],
)
def test_lines_of_records(tmp_path, name, content, lines):
    (tmp_path / name).write_text(content)
    source = Files(str(tmp_path / name), fractions=(0.5, 0.0, 0.5))
    assert source.place("train", 0) == f"{tmp_path / name}, line {lines[0]}"
    assert source.place("test", 0) == f"{tmp_path / name}, line {lines[1]}"


def test_a_file_without_names_of_columns(tmp_path):
    (tmp_path / "train.csv").write_text("a,x\nb,y\n")
    assert Files(str(tmp_path), columns=["text", "label"]).place("train", 1) == f"{tmp_path / 'train.csv'}, line 2"


def test_parts_of_a_split_and_files_without_lines(tmp_path):
    for part, texts in enumerate((["a", "b"], ["c"])):
        table = pyarrow.table({"text": texts})
        pyarrow.parquet.write_table(table, tmp_path / f"train-0000{part}-of-00002.parquet")
    places = [Files(str(tmp_path)).place("train", row) for row in range(3)]
    assert [place.removeprefix(f"{tmp_path}/") for place in places] == [
        "train-00000-of-00002.parquet, record 1",
        "train-00000-of-00002.parquet, record 2",
        "train-00001-of-00002.parquet, record 1",
    ]


def test_sources_without_files():
    assert GeneratedReviews().place("test", 4) == "generated_reviews, test, row 5"
