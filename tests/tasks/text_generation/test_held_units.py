"""Text that is written while a unit of the state is held."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.backbone.units import hold, units
from rnnbench.cells import LSTM
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.decode.sample import Sampling
from rnnbench.tasks.text_generation import LanguageModel

FIT = (
    "fit --config text_generation/char_lstm --data.source Files --data.source.path text.txt --data.sequence_length 20"
    " --data.batch_size 2 --model.backbone.hidden_size 6 --model.embedding_size 4 --trainer.max_epochs 1 --name a"
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    one = LanguageModel(partial(Backbone, cell=LSTM, hidden_size=5, engine="reference"), embedding_size=4)
    one.use_spec(Tokenizer.train("char", ["ab"]).state())
    with torch.no_grad():
        # The output gate is open, and what unit 2 has decides between the two letters.
        one.output.weight.zero_()
        one.output.weight[one.tokenizer.tokens.index("a"), 2] = 100
        one.output.weight[one.tokenizer.tokens.index("b"), 2] = -100
        one.output.bias.zero_()
    return one


@pytest.mark.parametrize(("value", "letter"), [(3.0, "a"), (-3.0, "b")])
def test_the_unit_decides_what_is_written(model, value, letter):
    held = {2: value}
    sampling = Sampling(temperature=0, length=30)
    text = "".join(model.write("ab", sampling, change=lambda state: hold(model.backbone, state, held)))
    assert text == letter * 30
    following = model.following("ab", sampling, 1, lambda state: hold(model.backbone, state, held))
    assert following == {letter: 1.0}


def test_the_unit_has_the_value_before_every_token(model):
    seen = []

    def change(state):
        state = hold(model.backbone, state, {1: 0.5, 4: -2.0})
        seen.append(units(model.backbone, state)[0, [1, 4]].tolist())
        return state

    list(model.write("ba", Sampling(length=7), change=change))
    # The start, two letters of the prompt, seven that are written.
    assert seen == [[0.5, -2.0]] * 10


@pytest.mark.slow
def test_the_option(rnnbench, tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be\n" * 60)
    assert rnnbench(FIT).status == 0
    predict = "predict --run runs/text_generation/a --length 60 --prompt 'to be'"
    free, up, again, both = (
        rnnbench(f"{predict} {options}").out
        for options in ("", "--hold-unit 3=+40", "--hold-unit 3=40", "--hold-unit 3=40,0=-40")
    )
    assert len({free, up, both}) == 3
    assert up == again
    assert "to be" in rnnbench(f"{predict} --hold-unit 3=+40 --format json --next 2").out
    for option, message in (
        ("6=1", "there is no unit 6"),
        ("-1=1", "there is no unit -1"),
        ("x=1", "'x=1' is no unit and value"),
        ("3", "'3' is no unit and value"),
        ("3=inf", "must be a finite number"),
    ):
        outcome = rnnbench(f"{predict} --hold-unit={option}", debug=False)
        assert (outcome.status, message in outcome.err) == (2, True), outcome.err
    gram = "fit --config text_generation/char_5gram --data.source Files --data.source.path text.txt --name gram"
    assert rnnbench(gram).status == 0
    outcome = rnnbench("predict --run runs/text_generation/gram --hold-unit 0=1", debug=False)
    assert (outcome.status, "has no recurrent state" in outcome.err) == (2, True)
