"""What is counted on texts that a model writes: poems that people know, code, copied lines; and a whole run."""

import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data import Files
from rnnbench.tasks.text_generation.samples import Code, Lines, Poems
from rnnbench.tasks.text_generation.samples.code import Counted, tokenize
from rnnbench.tasks.text_generation.samples.poems import rhymes, tones_kept

CLIMBING = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"
QUIET = "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。"


def lines(poem):
    return Poems().lines(poem)


def test_poems_that_people_know():
    assert list(map(len, lines(CLIMBING))) == [5] * 4
    assert list(rhymes(lines(CLIMBING))) == [True]
    assert list(rhymes(lines(QUIET))) == [True]
    # Two within each line, two within each couplet, one between them: it keeps all.
    assert list(tones_kept(lines(CLIMBING))) == [True] * (4 + 4 + 2 - 1)
    assert not all(tones_kept(lines(QUIET))), "it is known for keeping none of them"
    assert not any(rhymes(["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层山"]))
    # 诗 and 之 have an i of their own, which does not rhyme with that of 西.
    ends = [["", f"一{one}", "", f"一{two}"] for one, two in ("诗之", "诗西", "西鸡")]
    assert [next(rhymes(one)) for one in ends] == [True, False, True]


def test_a_swapped_character_breaks_what_it_should():
    # 海 is oblique, 天 is level, and stands in two rules: that of its line and that of its couplet.
    before, after = (list(tones_kept(lines(poem))) for poem in (CLIMBING, CLIMBING.replace("海", "天")))
    assert sum(before) - sum(after) == 2
    unknown = CLIMBING.replace("海", "A")
    assert sum(tones_kept(lines(unknown))) == sum(before), "what nobody can read breaks nothing"


def test_what_is_no_form_is_in_none():
    texts = [CLIMBING, CLIMBING[:-2] + "。", "白日依山尽，黄河入海流。", "", CLIMBING + "\n" + QUIET]
    found = Poems().judge(texts)
    assert found["in_form"] == 2 / 5
    # Within the poem of eight lines the two rhymes meet once, and differ.
    assert found["rhymed"] == 3 / 4
    assert Poems().judge([""]) == {"in_form": 0, "rhymed": 0, "tone_violations": 0}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('int f(int a[2]) { return "x)"[0]; }', Counted(4, 4, 1, 1)),
        ("/* ( \" */ f(')'); // [\n{", Counted(1, 1, 1, 1)),
        ("f(a];)", Counted(2, 1, 0, 0)),
        ('s = "abc\nx = "de";', Counted(0, 0, 2, 1)),
        (r'"a\"b" "\\" ' + r"'\''", Counted(0, 0, 3, 3)),
        ('f("cut off', Counted(0, 0, 0, 0)),
        ("} /* never ends ) ", Counted(1, 0, 0, 0)),
    ],
)
def test_code(code, found):
    assert tokenize(code) == found


nested = st.recursive(
    st.sampled_from(["", "x;", '"(["', "'}'", "/* ]) */", '"\\""']),
    lambda inner: st.builds(lambda a, b, c: a + b[0] + c + b[1], inner, st.sampled_from(["()", "[]", "{}"]), inner),
)


@given(nested)
def test_brackets_that_match_are_all_matched(code):
    found = tokenize(code + "\n")
    assert (found.matched, found.closed) == (found.closing, found.strings)
    bare = re.sub(r'"(\\.|[^"\\])*"|\'.\'|/\*.*?\*/', "", code)
    assert found.closing == sum(bare.count(one) for one in ")]}")


@given(st.text(alphabet="()[]{}\"'\\/*\n a"))
def test_any_text_can_be_read(code):
    found = tokenize(code)
    assert 0 <= found.matched <= found.closing
    assert 0 <= found.closed <= found.strings


def test_copied_lines(capsys):
    training = ["the quick brown fox\njumps over the lazy dog\nla la la\n", "twenty four letters here"]
    texts = ["the quick brown fox\nla la la\nand something of its own"]
    assert Lines().measure(texts, training) == {"copied_lines": 0.5}
    assert "1 of 2 lines that it wrote stand in the training text as they are: it recites" in capsys.readouterr().out
    assert Lines().measure(["something of its own\nla la la"], training) == {"copied_lines": 0}
    assert capsys.readouterr().out == ""
    found = Poems().measure([CLIMBING], [QUIET + "\n" + CLIMBING[:12]])
    assert found["copied_lines"] == 0.5


@pytest.mark.parametrize(
    ("written", "poem"),
    [
        ("bad.\n\ngood.\nbetter.\n\nmore", "good.\nbetter."),
        ("\n\nbad.\n\ngood.", "good."),
        ("bad.\n\n\n\ngood.\n\nmore", "good."),
        ("\n\n", ""),
        ("has no end.", "has no end."),
        ("bad.\n\n", "bad."),
    ],
)
def test_the_second_poem_counts(written, poem):
    asked = []

    def write(prompt, sampling):
        asked.append((prompt, sampling.length, sampling.seed))
        return iter(written)

    assert Poems(count=2, length=9, seed=5).write(write) == [poem] * 2
    assert asked == [("", 18, 5), ("", 18, 6)]
    assert Lines(count=1, length=9).write(write) == [written.strip("\n")]


FIT = (
    "--data.source Files --data.source.path text.txt --data.source.card none --data.sequence_length 40"
    " --data.batch_size 2 --model.backbone.hidden_size 8 --model.embedding_size 6 --trainer.max_epochs 1"
    " --data.samples.count 3 --data.samples.length 40 --name a"
)
NAMES = {
    "tang_poems": {"in_form", "rhymed", "tone_violations", "copied_lines"},
    "lyrics": {"copied_lines"},
    "linux_c": {"matched_brackets", "closed_strings", "copied_lines"},
}


@pytest.mark.parametrize(
    "preset", ["tang_poems", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lyrics", "linux_c"))]
)
def test_a_test_tells_of_what_was_written(preset, rnnbench, tmp_path):
    (tmp_path / "text.txt").write_text("\n".join([CLIMBING, "int f(void) { return 0; }"] * 60), encoding="utf-8")
    assert rnnbench(f"fit --config text_generation/{preset} {FIT}").status == 0
    found = []
    for _ in range(2):
        assert rnnbench("test --run runs/text_generation/a").status == 0
        found.append(json.loads(Path("runs/text_generation/a/result.json").read_text())["metrics"]["test"])
    assert NAMES[preset] <= found[0].keys()
    assert found[0] == found[1], "the same texts every time"
    assert found[0]["copied_lines"]["signature"].endswith("samples:3|length:40|temperature:0.8|seed:1")
    assert all(0 <= found[0][name]["value"] <= 1 for name in NAMES[preset])
    assert "text 3" in Path("runs/text_generation/a/examples.json").read_text()


@pytest.mark.data
@pytest.mark.slow
def test_real_poems_and_code_are_what_they_should_be(real_data):
    poems = [row["text"] for row in Files(str(real_data / "tang_poetry")).rows("test")]
    found = Poems().judge(poems)
    assert found["in_form"] == 1
    assert found["rhymed"] > 0.8
    assert found["tone_violations"] < 0.1
    shuffle = random.Random(1)
    shuffled = []
    for poem in map(lines, poems):
        characters = list("".join(poem))
        shuffle.shuffle(characters)
        shuffled.append("\n".join(re.findall("." * len(poem[0]), "".join(characters))))
    found = Poems().judge(shuffled)
    assert found["in_form"] == 1
    assert 0.2 < found["tone_violations"] < 0.3, "what chance breaks"
    assert found["rhymed"] < 0.25
    code = (real_data / "linux_c" / "test.txt").read_text(encoding="utf-8")
    found = Code().judge([code])
    assert found["closed_strings"] > 0.999
    assert found["matched_brackets"] > 0.999
