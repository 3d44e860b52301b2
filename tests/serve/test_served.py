"""What a request may ask of a run: no file of this machine, no number without end."""

import argparse
import base64
import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from rnnbench.api.asking import Asking, as_words
from rnnbench.applications import applications
from rnnbench.cli.predict import read_words
from rnnbench.errors import UserError
from rnnbench.serve.served import MOST, _options, _written, answer

MODULES = {name: importlib.import_module(f"{one.module}.predict") for name, one in applications().items()}
OFFERED = {name: _options(module) for name, module in MODULES.items()}


def test_only_numbers_flags_choices_and_names_are_on_offer():
    def add_options(parser):
        parser.add_argument("--file", metavar="FILE")
        parser.add_argument("--path", metavar="PATH")
        parser.add_argument("--text")
        parser.add_argument("--format", choices=("text", "json"))
        parser.add_argument("--class", dest="of_class", metavar="NAME")
        parser.add_argument("--way", choices=("one", "two"), default="one", help="%(default)s, or 5 %%")
        parser.add_argument("--beam-size", type=int, metavar="K")
        parser.add_argument("--levels", type=int, nargs="+")
        parser.add_argument("--rate", type=float)
        parser.add_argument("--loud", action="store_true")

    options, files = _options(SimpleNamespace(add_options=add_options))
    assert {option.name: option.type for option in options} == {
        "class": "string", "way": "string", "beam_size": "integer", "levels": "array", "rate": "number",
        "loud": "boolean",
    }  # fmt: skip
    assert options[1].help == "one, or 5 %"
    assert files == {"--file"}
    words = as_words({"class": "a", "beam_size": 3, "levels": [1, 2], "loud": True})
    assert words == ["--class=a", "--beam-size=3", "--levels", "1", "2", "--loud"]


@pytest.mark.parametrize("name", OFFERED)
def test_every_option_on_offer_is_read_by_its_name(name):
    parser = argparse.ArgumentParser()
    MODULES[name].add_options(parser)
    known = {option for action in parser._actions for option in action.option_strings}
    for option in OFFERED[name][0]:
        [word, *_] = as_words({option.name: 1})
        assert word.partition("=")[0] in known


def test_those_that_name_files_are_known_as_such():
    assert OFFERED["sentiment"][1] == {"--html"}
    assert OFFERED["speech"][1] == {"--lm", "--plot"}
    assert OFFERED["question_answering"][1] == {"--story"}


@pytest.mark.parametrize("name", OFFERED)
def test_a_card_names_options_that_there_are(name):
    options, files = OFFERED[name]
    use = applications()[name].card.predict
    types = {option.name: option.type for option in options}
    for slider in use.sliders:
        assert types[slider.option] in ("integer", "number")
        assert slider.low < slider.high <= MOST
    if use.show is not None:
        option, _, value = use.show.partition("=")
        assert option in files or types[option.removeprefix("--")] == ("integer" if value else "boolean")


def test_together_or_alone_an_answer_is_the_same(served):
    texts = [f"a {word} film {number}" for number in range(9) for word in ("fine", "dull", "unheard")]
    questions = [served.question({"inputs": texts[place : place + 3]}) for place in range(0, len(texts), 3)]
    assert all(question.together for question in questions)
    together = answer(questions)
    for question, found in zip(questions, together, strict=True):
        [alone] = answer([question])
        assert found.warnings == alone.warnings
        assert len(found.answers) == len(alone.answers) == 3
        for one, other in zip(found.answers, alone.answers, strict=True):
            assert (one["text"], one["label"]) == (other["text"], other["label"])
            assert one["probabilities"] == pytest.approx(other["probabilities"], rel=1e-6)
    assert "input 3: none of its words is in the vocabulary" not in together[0].warnings


def test_a_question_with_options_or_with_a_picture_is_asked_alone(served):
    assert not served.question({"inputs": ["a"], "options": {"color": True}}).together
    assert not served.question({"inputs": ["a"], "show": True}).together
    assert served.question({"inputs": ["a"], "options": {"color": False}}).together


def test_it_shows_how_it_came_to_its_answer(served):
    [found] = answer([served.question({"inputs": ["a fine film"], "show": True})])
    assert "".join(piece["text"] for piece in found.answers[0]["pieces"]) == "a fine film"


def test_one_that_fails_leaves_the_others_their_answers(served, monkeypatch):
    module = MODULES["sentiment"]
    predict = module.predict

    def picky(model, lines, arguments):
        if any(text == "poison" for text, _ in lines):
            raise ZeroDivisionError
        return predict(model, lines, arguments)

    monkeypatch.setattr(module, "predict", picky)
    first, bad, last = answer([served.question({"inputs": [text]}) for text in ("fine", "poison", "dull")])
    assert isinstance(bad, ZeroDivisionError)
    assert (first.answers[0]["text"], last.answers[0]["text"]) == ("fine", "dull")


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ([], "an object with a list of inputs"),
        ({"inputs": "a"}, "an object with a list of inputs"),
        ({"inputs": ["a"], "option": {}}, "there is no field 'option'"),
        ({"inputs": ["a"], "options": []}, "options are an object"),
        ({"inputs": ["a"], "options": {"colour": True}}, "did you mean: color"),
        ({"inputs": ["a"], "options": {"html": "/etc/passwd"}}, "is no option of this run"),
        ({"inputs": ["a"], "options": {"output": "x"}}, "is no option of this run"),
        ({"inputs": ["a"], "options": {"color": 1}}, "of the type boolean"),
        ({"inputs": [1]}, "texts are wanted, found int"),
        ({"inputs": []}, "there is no text"),
    ],
)
def test_a_wrong_request_is_told(served, asked, problem):
    with pytest.raises(UserError, match=problem):
        raise answer([served.question(asked)])[0]


@pytest.mark.parametrize(
    "name",
    ["../../x.wav", "..\\..\\x.wav", "/etc/x.wav", "C:\\x.wav", ".x.wav", "x.wav", "\0x.wav", "é x.wav", "", ".."],
)
def test_the_name_of_a_file_is_no_path(tmp_path, name):
    sent = {"name": name, "data": base64.b64encode(b"sound").decode()}
    paths = [Path(_written(sent, number, tmp_path)) for number in (1, 2)]
    assert len(set(paths)) == 2
    for path in paths:
        assert path.parent == tmp_path
        assert path.read_bytes() == b"sound"
        assert path.suffix == (".wav" if "x.wav" in name else "")


@pytest.mark.parametrize("sent", ["x.wav", {"name": "x"}, {"name": "x", "data": "%%"}, {"name": 1, "data": ""}])
def test_what_is_no_file_is_told(tmp_path, sent):
    with pytest.raises(UserError, match="base64"):
        _written(sent, 1, tmp_path)


def test_an_application_without_json_answers_in_lines(classifier, monkeypatch):
    import rnnbench

    def lines(model, lines, arguments):
        yield from ("first\n", "second\n")

    monkeypatch.setattr(MODULES["sentiment"], "predict", lines)
    monkeypatch.delattr(MODULES["sentiment"], "add_options")
    monkeypatch.delattr(MODULES["sentiment"], "warnings")
    assert not hasattr(read_words([f"--run={classifier}"]).arguments, "format")
    asking = Asking(rnnbench.load(classifier))
    assert asking.answers(asking.read(["a", "b"])) == [{"answer": "first"}, {"answer": "second"}]
