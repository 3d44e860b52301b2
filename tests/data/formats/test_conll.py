"""Treebanks and shared tasks as people have them."""

from pathlib import Path

import pytest

from rnnbench.data.formats.conll import looks_like_conll, read_conll, read_conllu
from rnnbench.data.sources.files import Files
from rnnbench.errors import UserError

FOUR = "# sent_id = 1\n1\tthe\t_\tDET\n2\tcat\t_\tNOUN\n\n"
FOUR += "# sent_id = 2\n1-2\tdon't\t_\t_\n1\tdo\t_\tAUX\n2\tn't\t_\tPART\n2.1\tgo\t_\tVERB\n"
WORDS = [{"tokens": ["the", "cat"], "tags": ["DET", "NOUN"]}, {"tokens": ["do", "n't"], "tags": ["AUX", "PART"]}]


def conll(text, **options):
    return read_conll(text.encode(), Path("a.conll"), **options)


def test_numbered_tokens_are_conllu_and_it_is_said(capsys):
    pytest.importorskip("conllu")
    assert conll(FOUR) == WORDS
    assert "a.conll: tokens are numbered, so it is read as CoNLL-U: words of column 2, tags of column 4" in capsys.readouterr().err  # fmt: skip # noqa: E501


def test_columns_by_name_leave_out_ranges_and_empty_nodes():
    found = conll(FOUR, columns=["id", "tokens", "lemma", "tags"])
    assert [row["tokens"] for row in found] == [["the", "cat"], ["do", "n't"]]


def test_numbered_tokens_in_an_unknown_form_need_names():
    with pytest.raises(UserError, match=r"which of the 5 columns holds the tags is not known\n.*--data.source.columns"):
        conll("1 a _ X _\n2 b _ Y _\n")


def test_a_comment_of_as_many_columns_as_tokens_is_no_token():
    assert conll("# id 1 domain=en\nthe _ _ O\n\n# id 2 domain=en\n# _ _ O\ncat _ _ B-X\n") == [
        {"tokens": ["the"], "tags": ["O"]},
        {"tokens": ["#", "cat"], "tags": ["O", "B-X"]},
    ]
    assert conll("# text = a b\na X\nb Y\n") == [{"tokens": ["a", "b"], "tags": ["X", "Y"]}]


def test_a_number_sign_is_a_token():
    assert conll("# SYM\n1 CD\n\na DT\n") == [{"tokens": ["#", "1"], "tags": ["SYM", "CD"]}, {"tokens": ["a"], "tags": ["DT"]}]  # fmt: skip # noqa: E501


def test_conllu_with_its_ten_columns():
    pytest.importorskip("conllu")
    line = "{0}\t{1}\t{1}\t{2}\tXX\tCase=Nom\t0\troot\t_\tSpaceAfter=No\n"
    text = (
        "# newdoc\n" + line.format(1, "Hunde", "NOUN") + "1.1\t_\t_\t_\t_\t_\t_\t_\t_\t_\n" + line.format(2, "a b", "X")
    )
    [row] = read_conllu(text.encode(), Path("a.conllu"))
    assert row == {"tokens": ["Hunde", "a b"], "tags": ["NOUN", "X"], "xpos": ["XX"] * 2, "lemma": ["Hunde", "a b"], "deprel": ["root"] * 2, "heads": ["0"] * 2}  # fmt: skip # noqa: E501
    with pytest.raises(UserError, match="lines 1 to 2") as caught:
        read_conllu((line.format("x", "a", "X") + "\t".join("abc") + "\n").encode(), Path("a.conllu"))
    assert caught.value.where == "a.conllu, lines 1 to 2"


def test_the_usual_train_txt_of_conll_2003_is_columns(capsys):
    Path("set").mkdir()
    content = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\n\nPeter NNP I-NP B-PER\n"
    Path("set/train.txt").write_text(content)
    Path("set/dev.txt").write_text(content.partition("\n\n")[2])
    source = Files("set")
    assert source.rows("train") == source.rows("validation")
    assert source.rows("train")[1] == {"tokens": ["Peter"], "tags": ["B-PER"]}
    assert "read as columns of tokens and tags" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["A B\n\nC D e\n", "One two\n\nThree four\n\nFive six\n", "I AM\nYOU ARE\nWE ARE\n", "x\n" * 9]
)
def test_prose_is_no_table(text):
    assert not looks_like_conll(text)


def test_columns_of_one_name_are_refused():
    with pytest.raises(UserError, match="two columns have one name: tokens, tokens") as caught:
        Files("set", columns=["tokens", "tokens"])
    assert caught.value.where == "--data.source.columns"
