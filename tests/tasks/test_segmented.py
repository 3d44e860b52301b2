"""Text that a run of labelling cuts into words, for applications that read words."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data.source import Document, Source
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.folders import cache_folder
from rnnbench.tasks.base import segmented
from rnnbench.tasks.base.segmented import Segmented, lines_of
from rnnbench.tasks.labelling.model import TaggingModel

WORDS = ["我", "爱", "北京", "天安门", "他", "在", "上海", "看", "电影", "。"]
MATCHING = "fit --config labelling/pku_matching --data.source.card null --data.source.path words"
TAGGER = (
    "fit --config labelling/pku_bilstm_crf --data.source.card null --data.source.path words --data.min_count 1"
    " --model.backbone.hidden_size 8 --data.max_tokens 60"
    " --model.embedding.embedding_size 8 --trainer.max_epochs 2"
)
VECTORS = (
    "fit --model rnnbench.tasks.word_vectors.Word2Vec --model.embedding_size 4 --model.engine reference"
    " --data rnnbench.tasks.word_vectors.WordData --data.min_count 1 --trainer.max_epochs 1"
    " --data.source rnnbench.data.Files --data.source.path raw"
)
LANGUAGE = (
    "fit --config text_generation/char_unigram --data.source Files --data.source.path raw --data.level word"
    " --trainer.max_epochs 1"
)
SEGMENTER = "--data.segmenter runs/labelling/segmenter"
SPLITS = ("train", "validation", "test")


def sentences(seed, size):
    return [[WORDS[(seed + 7 * i * i + 3 * j * i) % len(WORDS)] for j in range(2 + i % 7)] for i in range(size)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("segmented")


@pytest.fixture
def folder(home, rnnbench, monkeypatch):
    """Text with spaces, a run that learned to cut by it, and other text without spaces."""
    monkeypatch.chdir(home)
    if not Path("words").exists():
        for seed, (split, size) in enumerate(zip(SPLITS, (60, 20, 20), strict=True)):
            for name, space in (("words", "  "), ("raw", "")):
                lines = [space.join(words) for words in sentences(seed + 10 * (name == "raw"), size)]
                Path(name).mkdir(exist_ok=True)
                Path(f"{name}/{split}.txt").write_text("\n".join([*lines[:9], "", *lines[9:]]) + "\n", encoding="utf-8")
        assert rnnbench(f"{MATCHING} --name segmenter").status == 0
    return home


def record(application, name):
    return json.loads(Path(f"runs/{application}/{name}/result.json").read_text())


def cut(split="train"):
    (found,) = (cache_folder() / "segmented").glob(f"*/{split}.txt")
    return found


def test_vectors_are_those_of_words(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_vectors")
    told = rnnbench(f"{VECTORS} {SEGMENTER} --name cut").err
    assert told.count("raw, cut into words by runs/labelling/segmenter: what is made of it is made once") == 1
    wanted = [" ".join(words) for words in sentences(10, 60)]
    assert cut().read_text(encoding="utf-8").splitlines() == [*wanted[:9], "", *wanted[9:]], "words are known, and told"
    details = record("word_vectors", "cut")["data"]["details"]
    assert details["segmenter"].startswith("maximum matching (")
    assert details["vocabulary"] == len(WORDS) + 2
    Path("asked.txt").write_text("北京\n", encoding="utf-8")
    assert rnnbench("predict --run runs/word_vectors/cut asked.txt").out.startswith("北京\t")

    # By hand, as it would have to be done without the option.
    Path("by_hand").mkdir()
    for split in SPLITS:
        rnnbench(f"predict --run runs/labelling/segmenter raw/{split}.txt --output by_hand/{split}.txt")
        assert Path(f"by_hand/{split}.txt").read_bytes() == cut(split).read_bytes()
    rnnbench(f"{VECTORS} --data.source.path by_hand --name by_hand")
    rnnbench(f"{VECTORS} --name whole_lines")
    prints = [record("word_vectors", name)["data"]["fingerprint"] for name in ("cut", "by_hand", "whole_lines")]
    assert prints[0] == prints[1] != prints[2]


def test_it_is_done_once_and_found_by_texts_and_weights(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_once")
    first = rnnbench(f"{LANGUAGE} {SEGMENTER} --name first").err
    made = cut().stat().st_mtime_ns
    second = rnnbench(f"{VECTORS} {SEGMENTER} --name second").err
    assert cut().stat().st_mtime_ns == made
    assert ("cut into words by" in first, "cut into words by" in second) == (True, False)
    assert record("text_generation", "first")["data"]["details"]["segmenter"].startswith("maximum matching (")
    assert rnnbench("test --run runs/text_generation/first").status == 0
    # What was not finished is made, and what is there is taken.
    whole = cut("test").read_bytes()
    cut("test").unlink()
    cut("validation").write_bytes(b"half")
    rnnbench(f"{VECTORS} {SEGMENTER} --name again")
    assert cut("validation").read_bytes() != b"half"
    assert (cut("test").read_bytes(), cut().stat().st_mtime_ns) == (whole, made)
    assert rnnbench(f"{MATCHING} --data.source.path raw --name other").status == 0
    assert "cut into words by" in rnnbench(f"{VECTORS} --data.segmenter runs/labelling/other --name third").err
    assert len(list((cache_folder() / "segmented").iterdir())) == 2


@pytest.mark.slow
def test_another_segmenter_makes_other_data(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_others")
    assert rnnbench(f"{MATCHING} --data.source.path raw --name lines").status == 0
    for name in ("moved", "trained_anew"):
        shutil.copytree("runs/labelling/segmenter", f"runs/labelling/{name}")
    rnnbench(f"{VECTORS} --data.segmenter runs/labelling/trained_anew --name before")
    rnnbench(f"{VECTORS} --data.segmenter runs/labelling/moved --name moved")
    before, moved = (record("word_vectors", name) for name in ("before", "moved"))
    assert (before["data"], before["settings"]) == (moved["data"], moved["settings"]), "seeds of one row"
    shutil.copytree("runs/labelling/lines", "runs/labelling/trained_anew", dirs_exist_ok=True)
    rnnbench("test --run runs/word_vectors/before")
    assert "test" not in record("word_vectors", "before")["metrics"]
    rnnbench("test --run runs/word_vectors/moved")
    assert "test" in record("word_vectors", "moved")["metrics"]
    resumed = rnnbench("fit --resume runs/word_vectors/before --trainer.max_epochs 2", debug=False)
    assert resumed.status == 2
    assert "the data have changed since the run began" in resumed.err


def test_what_failed_in_the_middle_leaves_nothing_behind(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_failures")
    monkeypatch.setattr("rnnbench.tasks.base.segmented._LINES_AT_ONCE", 40)
    segment, parts = TaggingModel.segment, []

    def breaks(self, lines):
        parts.append(len(lines))
        if len(parts) == 2:
            raise KeyboardInterrupt
        return segment(self, lines)

    monkeypatch.setattr(TaggingModel, "segment", breaks)
    assert rnnbench(f"{VECTORS} {SEGMENTER} --name broken", debug=False).status != 0
    assert parts == [40, 21]
    assert [path.name for path in (cache_folder() / "segmented").rglob("*.*")] == []
    monkeypatch.setattr(TaggingModel, "segment", segment)
    assert rnnbench(f"{VECTORS} {SEGMENTER} --name whole").status == 0
    assert len(cut().read_text(encoding="utf-8").splitlines()) == 61


def test_a_large_text_that_was_cut_is_read_from_disk(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_large")
    monkeypatch.setattr(segmented, "LARGE_TEXT", 1)
    told = rnnbench(f"{VECTORS} {SEGMENTER} --name large").err
    assert "raw: what is made of it is made once and kept in" in told
    assert (
        record("word_vectors", "large")["data"]["fingerprint"] == record("word_vectors", "cut")["data"]["fingerprint"]
    )


def test_columns_are_those_of_the_text_that_is_cut(folder, rnnbench, monkeypatch):
    monkeypatch.setenv("RNNBENCH_CACHE", "cache_of_columns")
    rows = [json.dumps({"poem": "".join(words)}, ensure_ascii=False) for words in sentences(10, 60)]
    Path("poems.jsonl").write_text("\n".join(rows), encoding="utf-8")
    options = "--data.source.path poems.jsonl --data.columns '{text: poem}' --name poems"
    assert rnnbench(f"{VECTORS} {SEGMENTER} {options}").status == 0
    assert cut().read_text(encoding="utf-8").splitlines() == [" ".join(words) for words in sentences(10, 60)][:54]


def test_no_line_depends_on_those_beside_it(folder, rnnbench):
    assert rnnbench(f"{TAGGER} --name tagger").status == 0

    class Raw(Source):
        dataset = "raw"

        def rows(self, split):
            return [{"text": text} for text in Path(f"raw/{split}.txt").read_text(encoding="utf-8").split("\n")[:-1]]

    model = Segmented(Raw(), "runs/labelling/tagger")._model
    lines = [row["text"] for row in Raw().rows("train")]
    assert model.segment(lines) == [model.segment([line])[0] for line in lines]
    assert [line.replace(" ", "") for line in model.segment(lines)] == lines


@given(st.lists(st.sampled_from(["a", "b a", "\n", " \n", "a\nb", "\n\n"]), max_size=6))
def test_lines_are_those_that_a_tokenizer_counts(pieces):
    class Pieces(Document):
        def __iter__(self):
            return iter(pieces)

    tokenizer = Tokenizer.train("word", ["a b aa bb ab ba"])
    text = "".join(pieces)
    for document in (text, *([Pieces()] if pieces else [])):
        again = "".join(f"{line}\n" for line in lines_of(document))
        assert again == (text if text.endswith("\n") else f"{text}\n")
        assert tokenizer.stream([again]).tokens.tolist() == tokenizer.stream([document]).tokens.tolist()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--data.segmenter nowhere", "nowhere holds no checkpoint"),
        ("--data.segmenter runs/text_generation/other", "NGramLanguageModel is no model of labelling"),
        ("--data.segmenter runs/labelling/names", "the task of this run is entities, and text is cut into words by"),
        (f"{SEGMENTER} --data.level char", "text that was cut into words is read as words, and data.level is char"),
    ],
)
def test_what_cuts_nothing_is_one_message(folder, rnnbench, options, said):
    if "text_generation" in options:
        rnnbench(f"{LANGUAGE} --name other")
    if "names" in options:
        small = "--data.source.train 30 --data.source.held_out 10 --trainer.max_epochs 1"
        assert rnnbench(f"fit --config labelling/generated_majority {small} --name names").status == 0
    done = rnnbench(f"{VECTORS} {options} --name none", debug=False)
    assert done.status == 2
    assert said in done.err
    assert "--data.segmenter" in done.err
