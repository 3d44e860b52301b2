"""Networks that fill blanks: nothing of a blank reaches its own scores, and each side is what it says."""

import functools

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.cloze import ClozeModel, UnigramModel
from rnnbench.tasks.cloze.batch import as_batch

WORDS = TextEncoder.train("word", ["a b c d e f g h"])
SPEC = {"encoder": WORDS.state()}


def model(sides="both", cell=LSTM, layers=2, **options):
    torch.manual_seed(1)
    one = ClozeModel(
        backbone=functools.partial(Backbone, cell=cell, hidden_size=5, num_layers=layers, **options),
        embedding=functools.partial(WordEmbedding, embedding_size=4),
        sides=sides,
        size=6,
    )
    one.use_spec(SPEC)
    return one.eval()


def texts(*lengths, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(4, len(WORDS), (size,), generator=generator) for size in lengths]


def scores(one, some):
    with torch.no_grad():
        return one(as_batch(some, range(len(some)))).split([len(text) for text in some])


@pytest.mark.parametrize("cell", [LSTM, GRU])
@pytest.mark.parametrize("sides", ["both", "left", "right"])
def test_the_token_of_a_blank_changes_none_of_its_scores(sides, cell):
    """To the bit, at every place of texts of all lengths, whatever stands there."""
    one, some = model(sides, cell), texts(7, 1, 4)
    before = scores(one, some)
    for number, text in enumerate(some):
        for place in range(len(text)):
            for token in range(1, len(WORDS)):
                changed = [other.clone() for other in some]
                changed[number][place] = token
                after = scores(one, changed)
                assert torch.equal(after[number][place], before[number][place])


def test_the_tokens_on_each_side_change_them():
    some = texts(5)
    for sides, seen in (("both", {0, 1, 3, 4}), ("left", {0, 1}), ("right", {3, 4})):
        one = model(sides)
        before = scores(one, some)[0][2]
        for place in {0, 1, 3, 4}:
            changed = some[0].clone()
            changed[place] = 4 + (changed[place] - 3) % (len(WORDS) - 4)
            assert torch.equal(scores(one, [changed])[0][2], before) == (place not in seen)


@pytest.mark.parametrize("sides", ["both", "left", "right"])
def test_the_definition_step_by_step(sides):
    one = model(sides)
    (text,) = texts(6)

    def state_after(stack, tokens):
        state = stack.initial_state(1, one.output.weight)
        for token in tokens:
            out, state = stack.step(one.embedding.table(torch.tensor([token])), state)
        return out

    with torch.no_grad():
        for place in range(6):
            around = []
            if sides != "right":
                around.append(state_after(one.backbone, [TextEncoder.begin, *text[:place].tolist()]))
            if sides != "left":
                stack = one.backward_stack if sides == "both" else one.backbone
                around.append(state_after(stack, [TextEncoder.end, *text[place + 1 :].flip(0).tolist()]))
            wanted = one.output(torch.tanh(one.project(torch.cat(around, 1))))[0]
            found = scores(one, [text])[0][place]
            assert found[[0, 2, 3]].tolist() == [-torch.inf] * 3, "no text holds a mark"
            torch.testing.assert_close(found[4:], wanted[4:])


@pytest.mark.parametrize("sides", ["both", "right"])
def test_a_text_does_not_see_its_neighbours(sides):
    one, some = model(sides), texts(5, 1, 9)
    for text, found in zip(some, scores(one, some), strict=True):
        torch.testing.assert_close(scores(one, [text])[0], found)


def test_the_loss_is_that_of_all_tokens_each_left_out():
    one, some = model(), texts(5, 2)
    batch = as_batch(some, [0, 1])
    found = one.loss(batch)
    assert found.units == batch.tokens == 7
    raw = one.output(one.context(batch)).log_softmax(1)
    torch.testing.assert_close(found.total, -raw[torch.arange(7), batch.y].sum())


def test_a_stack_that_reads_from_both_ends_is_refused():
    with pytest.raises(UserError, match="a layer that reads from both ends has seen the blank"):
        model(bidirectional=True)


def test_names_and_costs():
    both, left = model("both"), model("left")
    assert both.model_name() == "LSTM 2x5, both sides"
    assert left.model_name() == "LSTM 2x5, left"
    assert both.cell_name() == "LSTM"
    assert both.flops_per_token() > left.flops_per_token()


def test_candidates_are_words():
    one, some = model(), texts(3, 2)
    found = one.fill(some, 100)
    assert [len(text) for text in found] == [3, 2]
    for text in found:
        for candidates in text:
            assert sorted(candidate.token for candidate in candidates) == list("abcdefgh")
            chances = [candidate.probability for candidate in candidates]
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) == pytest.approx(1)


def test_a_unigram_before_it_has_counted():
    one = UnigramModel()
    one.use_spec(SPEC)
    assert len(one.fill(texts(3), 2)[0]) == 3
