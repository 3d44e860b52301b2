"""States after texts: those of stepping token by token, whatever stands beside a text."""

from functools import partial

import pytest
import torch

import rnnbench.cells
from rnnbench.backbone import Backbone
from rnnbench.backbone.units import count_units, units
from rnnbench.cells import GRU, LSTM
from rnnbench.cells.every import every_cell
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.tasks.probe.states import follow_unit, read_states
from rnnbench.tasks.text_generation import LanguageModel

TEXTS = ["", "short", "a text that is longer than a window " * 4, "日本 ünïcode"]


def network(cell=LSTM, level="byte", layers=2):
    torch.manual_seed(0)
    make = partial(Backbone, cell=cell, hidden_size=5, num_layers=layers, engine="reference")
    one = LanguageModel(make, embedding_size=4, dropout=0.5)
    one.use_spec(Tokenizer.train(level, TEXTS).state())
    return one.double()


def stepped(one, text):
    """Units after each token, the one before the text first, by the definition."""
    one.eval()
    state = one.initial_state(1)
    found = []
    for token in [one.tokenizer.end, *one.tokenizer.encode(text).tolist()]:
        with torch.no_grad():
            _, state = one.step(torch.tensor([token]), state)
        found.append(units(one.backbone, state)[0])
    return torch.stack(found)


@pytest.mark.parametrize("level", ["byte", "char", "word", "english"])
def test_states_are_those_of_stepping(level):
    one = network(level=level)
    last, mean = (read_states(one, TEXTS, pooling) for pooling in ("last", "mean"))
    for row, text in enumerate(TEXTS):
        values = stepped(one, text)
        torch.testing.assert_close(last[row], values[-1], rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(mean[row], values.tanh().mean(0), rtol=1e-12, atol=1e-14)
        followed = follow_unit(one, text, 7)
        assert followed == pytest.approx(values[1:, 7].tolist(), rel=1e-12)
        assert len(followed) == len(one.tokenizer.spans(text))


@pytest.mark.parametrize("cell", every_cell())
def test_every_cell_is_read_alike_alone_and_beside_others(cell):
    one = network(getattr(rnnbench.cells, cell), layers=1)
    together = read_states(one, TEXTS)
    assert together.shape == (len(TEXTS), count_units(one.backbone))
    assert torch.isfinite(together).all()
    torch.testing.assert_close(together[1:2], read_states(one, TEXTS[1:2]), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(together[1], stepped(one, TEXTS[1])[-1], rtol=1e-12, atol=1e-12)


def test_what_stands_in_the_padding_changes_no_bit(monkeypatch):
    from rnnbench.tasks.probe import states

    one = network(GRU).float()
    before = [read_states(one, TEXTS, pooling) for pooling in ("last", "mean")]
    monkeypatch.setattr(states, "pad", lambda rows, _: pad_with(rows, 65))
    after = [read_states(one, TEXTS, pooling) for pooling in ("last", "mean")]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def pad_with(rows, value):
    lengths = torch.tensor([len(row) for row in rows])
    padded = torch.full((len(rows), int(lengths.max()) + 3), value)
    for row, tokens in zip(padded, rows, strict=True):
        row[: len(tokens)] = tokens
    return padded, lengths


@pytest.mark.parametrize("level", ["byte", "char", "word", "english"])
def test_spans_are_the_tokens_in_their_order(level):
    for text in ("It isn't  a\tCAFÉ, İstanbul\n日本語 ok", *TEXTS):
        one = Tokenizer.train(level, [text])
        found = [text[start:end] for start, end in one.spans(text)]
        assert len(found) == len(one.encode(text))
        assert "".join(found) == (text if level in ("byte", "char") else "".join(text.split()))
        places = [place for span in one.spans(text) for place in span]
        assert places == sorted(places)
