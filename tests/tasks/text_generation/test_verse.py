"""Poems of a form: their templates, and poems of a tiny model."""

from pathlib import Path

import pytest

from rnnbench.errors import UserError
from rnnbench.tasks.text_generation.verse import poem

POEMS = "春眠不觉晓，处处闻啼鸟。\n夜来风雨声，花落知多少。\n"


def test_templates():
    assert poem("五绝") == "?????，?????。\n?????，?????。"
    assert poem("七绝", "春江", "春夏秋冬") == "春江?????，夏??????。\n秋??????，冬??????。"
    assert poem("五律").count("。") == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("五绝", "", "春夏"), "五绝 has 4 lines, and '春夏' 2 characters"),
        (("五绝", "春眠不觉晓处"), "a line of 五绝 has 5 characters"),
        (("五绝", "春", "夏秋冬春"), "begins with '春' and with '夏'"),
    ],
)
def test_what_is_no_poem(options, message):
    with pytest.raises(UserError, match=message):
        poem(*options)


def test_a_model_writes_poems_of_a_form(rnnbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("poems").mkdir()
    for split in ("train", "validation", "test"):
        Path(f"poems/{split}.txt").write_text(POEMS * 8, encoding="utf-8")
    small = "--model.backbone.hidden_size 8 --model.embedding_size 8 --model.backbone.engine reference"
    data = "--data.source.path poems --data.source.card none --data.batch_size 2 --trainer.max_epochs 1"
    status, _, err = rnnbench(f"fit --config text_generation/tang_poems {small} {data} --name p")
    assert status == 0, err
    run = "--run runs/text_generation/p"
    status, out, _ = rnnbench(f"predict {run} --form 五绝 --acrostic 春夜花知 --seed 3")
    assert status == 0
    couplets = out.strip().split("\n")
    assert [len(line) for line in couplets] == [12, 12]
    assert [couplets[0][0], couplets[0][6], couplets[1][0], couplets[1][6]] == list("春夜花知")
    assert all(line[5] == "，" and line[-1] == "。" for line in couplets)
    assert rnnbench(f"predict {run} --template 花?? --seed 3")[1].strip()[0] == "花"
    for options, message in (
        ("--form 五绝 --first 龙", "'龙' is not in the vocabulary"),
        ("--first 春", "which poem?"),
        ("--form 五绝 --template ??", "keep one of them"),
        ("--template ''", "there is nothing in it"),
    ):
        status, _, err = rnnbench(f"predict {run} {options}", debug=False)
        assert status == 2
        assert message in err
