"""Pairs and questions of words: files as they are passed round, and bad ones."""

import pytest

from rnnbench.data import GeneratedWords
from rnnbench.data.text.benchmarks import Pair, Question, load_benchmarks
from rnnbench.errors import UserError


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return str(folder)


def test_files_are_read_as_they_are_passed_round(tmp_path):
    folder = write(
        tmp_path / "b",
        wordsim353_tsv="# heading\nlove\tsex\t6.77\ntiger\tcat\t7.35\n",
        simlex999_txt="old new 1.58\n\nsmart  bright\t9.2\n".replace("  ", "\t"),
        mine_csv="a,b,1\nc,d,2\n",
        questions_txt=": capitals\nAthens Greece Oslo Norway\n: family\nboy girl king queen\n",
        README_md="no data",
    )
    found = load_benchmarks(folder)
    assert set(found.pairs) == {"wordsim353", "simlex999", "similarity"}
    assert found.pairs["wordsim353"] == [Pair("love", "sex", 6.77), Pair("tiger", "cat", 7.35)]
    assert found.questions[1] == Question("family", "boy", "girl", "king", "queen")
    assert found.fingerprint() != found._replace(questions=found.questions[:1]).fingerprint()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"questions_txt": "a b c d\na b c\n"}, "questions.txt, line 2\nan analogy has four words, found 3: 'a b c'"),
        ({"wordsim353_tsv": "a\tb\t1\nc\td\n"}, "wordsim353.tsv, line 2\ntwo words and a number are needed"),
        ({"wordsim353_tsv": "a\tb\t1\nc\td\tmuch\n"}, "two words and a number are needed, found 'c\\td\\tmuch'"),
        ({"wordsim353_tsv": "a\tb\t1\n"}, "there are not two pairs in it"),
        ({"questions_txt": ": only a heading\n"}, "there is no question in it"),
        ({"one_tsv": "a\tb\t1\nc\td\t2\n", "two_tsv": "a\tb\t1\nc\td\t2\n"}, "two files of pairs"),
        ({"README_md": "x"}, "there are no pairs and no questions"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(files, said, tmp_path):
    with pytest.raises(UserError) as caught:
        load_benchmarks(write(tmp_path / "b", **files))
    assert said in str(caught.value)


def test_a_folder_that_is_not_there():
    with pytest.raises(UserError, match="did you mean: word_similarity"):
        load_benchmarks("word_similarities")


@pytest.mark.data
def test_the_real_ones_have_their_sizes(real_data):
    found = load_benchmarks(str(real_data / "word_similarity"))
    assert {name: len(pairs) for name, pairs in found.pairs.items()} == {"wordsim353": 353, "simlex999": 999}
    assert len(found.questions) == 19_544
    assert len({question.section for question in found.questions}) == 14


def test_generated_nouns_are_as_alike_as_the_parts_they_share():
    source = GeneratedWords(train=300, held_out=20)
    found = source.benchmarks()
    scores = {(pair.first, pair.second): pair.score for pair in found.pairs["similarity"]}
    assert len(scores) == 60 * 59 // 2
    assert (scores["bolinta", "bolinne"], scores["bolinta", "bodorne"], scores["bolinta", "kadorne"]) == (2, 1, 0)
    nouns = {word for pair in scores for word in pair}
    for _, a, b, c, d in found.questions:
        assert {a, b, c, d} <= nouns
        assert (a[2:], c[2:]) == (b[2:], d[2:]), "both change the first part alone"
        assert (a[:2], b[:2]) == (c[:2], d[:2])
        assert a != c
    said = {word for row in source.rows("train") for word in row["text"].split()}
    assert len(nouns - said) == 6, "one of ten is in no sentence"
    for row in source.rows("train"):
        words = row["text"].split()
        (noun,) = nouns.intersection(words)
        parts = [noun[:2], noun[2:5], noun[5:]]
        assert sum(word[:-1] in parts for word in words) == 6
