"""Dialogues from records of every form, and replies with what was said before them."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data import Files, GeneratedDialogues
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.tasks.dialogue import DialogueData
from rnnbench.tasks.dialogue.data import context_tokens, encode_context
from rnnbench.tasks.dialogue.turns import (
    Exchange,
    Said,
    Turn,
    as_context,
    exchanges,
    read_dialogues,
    reversed_exchanges,
)

WANTED = [[Said("0", "hi"), Said("1", "hello"), Said("0", "bye")]]


def place(number):
    return f"file, line {number + 1}"


def texts(dialogues):
    return [[one.text for one in dialogue] for dialogue in dialogues]


@pytest.mark.parametrize(
    "records",
    [
        [{"turns": ["hi", "hello", "bye"]}],
        [{"turns": [{"text": text} for text in ("hi", "hello", "bye")]}],
        [{"turns": {"text": ["hi", "hello", "bye"], "LineID": ["a", "b", "c"]}}],
        [{"turns": ["hi", "hello", "bye"], "speakers": [0, 1, 0]}],
        [{"dialogue": "7", "text": text} for text in ("hi", "hello", "bye")],
    ],
)
def test_forms_of_records(records):
    assert read_dialogues(records, place) == WANTED


def test_pairs_are_dialogues_of_their_own():
    found = read_dialogues([{"question": "a\nb", "answer": " c "}, {"question": "d", "answer": "e"}], place)
    assert texts(found) == [["a b", "c"], ["d", "e"]]


def test_turns_of_one_speaker_after_each_other_are_one_turn():
    said = [("x", "a"), ("x", "b"), ("y", "c"), ("y", "d"), ("x", "e")]
    records = [{"turns": [{"speaker": who, "text": text} for who, text in said]}]
    assert read_dialogues(records, place) == [[Said("x", "a b"), Said("y", "c d"), Said("x", "e")]]


def test_rows_of_several_dialogues_may_be_mixed():
    rows = [(1, "x", "a"), (2, "x", "b"), (1, "y", "c"), (2, "y", "d")]
    records = [{"dialogue": number, "speaker": who, "text": text} for number, who, text in rows]
    assert texts(read_dialogues(records, place)) == [["a", "c"], ["b", "d"]]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"turns": ["hi"]}, "a dialogue of one turn"),
        ({"turns": []}, "without a turn"),
        ({"dialogue": 1, "text": "hi"}, "a dialogue of one turn"),
        ({"turns": "hi"}, "'turns' holds no list but str"),
        ({"turns": ["hi", 3]}, "'turns' holds no text but int"),
        ({"turns": ["a", "b"], "speakers": ["x"]}, "2 turns and 1 speakers"),
        ({"dialog": ["a", "b"]}, "there are no turns; the columns there: dialog"),
    ],
)
def test_bad_records_are_named(record, message):
    with pytest.raises(UserError, match=message) as caught:
        read_dialogues([{"turns": ["a", "b"]}, record], place)
    assert str(caught.value.where) == "file, line 2"


@given(st.lists(st.sampled_from("ab"), min_size=2, max_size=8), st.integers(0, 4))
def test_contexts_by_their_definition(speakers, k):
    dialogue = [Said(who, str(number)) for number, who in enumerate(speakers)]
    found = list(exchanges(dialogue, k))
    assert [one.target for one in found] == [one.text for one in dialogue[1:]]
    for number, one in enumerate(found, start=1):
        before = dialogue[:number][-k:] if k else []
        assert list(one.source) == [Turn(past.speaker == speakers[number], past.text) for past in before]


def test_the_reversed_model_reads_the_reply():
    found = list(reversed_exchanges(WANTED[0]))
    assert found == [Exchange((Turn(False, "hello"),), "hi"), Exchange((Turn(False, "bye"),), "hello")]


def test_each_turn_is_closed_by_the_mark_of_its_speaker():
    encoder = TextEncoder.train("word", ["a b c"])
    a, b, c = encoder.encode("a b c").tolist()
    context = as_context(["a", "b c", "a"])
    assert context == (Turn(False, "a"), Turn(True, "b c"), Turn(False, "a"))
    ids = encode_context(encoder, context, 9)
    assert ids.tolist() == [a, encoder.end, b, c, encoder.begin, a, encoder.end]
    assert torch.equal(encode_context(encoder, context, 2), ids[2:])
    assert context_tokens(encoder, context, 2) == ["b", "c", "«me»", "a", "«you»"]
    assert encode_context(encoder, (), 2).tolist() == [encoder.end]
    for turns in (0, 1, 2):
        for some in ((), context):
            assert len(context_tokens(encoder, some, turns)) == len(encode_context(encoder, some, turns))


def read(**options):
    data = DialogueData(Files("talk"), **options)
    data.prepare_data()
    data.setup("fit")
    return data


def test_how_much_is_read_changes_no_fingerprint():
    Path("talk").mkdir()
    for split in ("train", "validation", "test"):
        Path(f"talk/{split}.jsonl").write_text(json.dumps({"turns": ["Hi there", "Hello", "Bye"]}) + "\n")
    one, many, none = read(turns=1), read(turns=5), read(turns=0)
    assert one.fingerprint == many.fingerprint == none.fingerprint
    assert read(reversed=True).fingerprint != one.fingerprint
    assert [len(data.splits["train"].sources[1]) for data in (one, many, none)] == [2, 5, 2]
    assert len(none.pairs("train")) == 2, "a language model has replies without a context"
    Path("talk/test.jsonl").write_text('{"turns": ["Hi"]}\n')
    with pytest.raises(UserError, match="a dialogue of one turn") as caught:
        read()
    assert str(caught.value.where).endswith("test.jsonl, line 1")
    Path("talk/test.jsonl").write_text('{"turns": ["Hi", "You?"], "speakers": ["a", "a"]}\n')
    read()
    Path("talk/train.jsonl").write_text('{"turns": ["Hi", "You?"], "speakers": ["a", "a"]}\n')
    with pytest.raises(UserError, match="in no dialogue of train do two speak"):
        read()


def test_generated_dialogues_need_their_context():
    """The waiter repeats the order of three turns before; the name was last said eight turns before."""
    rows = GeneratedDialogues(train=30, held_out=5).rows("train")
    assert rows == GeneratedDialogues(train=30, held_out=5).rows("train")
    for row in rows:
        turns = row["turns"]
        assert len(turns) == 10
        name = turns[1].removeprefix("hello ").partition(",")[0]
        assert turns[9].endswith(f"for {name}.")
        assert all(name not in turn for turn in turns[2:9])
        drink = turns[3].split()[1]
        assert drink in turns[2]
        assert drink in turns[5]
        assert drink not in turns[4]


@pytest.mark.data
@pytest.mark.parametrize(("name", "unit", "language"), [("english", "reversible", "en"), ("chinese", "char", "zh")])
def test_the_cards_fit_the_real_data(real_data, name, unit, language):
    source = Files(str(real_data / "dialogue" / name), card=f"chatterbot_{name}")
    data = DialogueData(source, turns=1, unit=unit, language=language)
    data.setup("fit")
    assert data.dataset == f"chatterbot_{name}"
    assert len(data.pairs("train")) == {"english": 1082, "chinese": 516}[name]
