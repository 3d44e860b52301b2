"""Language models of text-generation runs in the search, against the likelihood of whole texts."""

from functools import partial
from math import inf

import numpy as np
import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import LSTM
from rnnbench.data.batches.batch import StripBatch
from rnnbench.data.text.tokenizer import Tokenizer
from rnnbench.decode.ctc import BeamSearch, beam_search
from rnnbench.decode.language import NGramFusion, WordFusion, read_arpa
from rnnbench.errors import UserError
from rnnbench.tasks.speech.language import fusion
from rnnbench.tasks.text_generation import LanguageModel, NGramLanguageModel

TEXT = "ab ba\nba\nab ab\n" * 6
LABELS = ["", " ", "a", "b"]
EXACT = {"beam_size": 10_000, "threshold": inf, "label_threshold": inf}


def recurrent(level, text=TEXT):
    torch.manual_seed(0)
    model = LanguageModel(partial(Backbone, cell=LSTM, hidden_size=8, num_layers=2), embedding_size=6, init_range=0.7)
    model.use_spec(Tokenizer.train(level, [text]).state())
    return model.double().eval()


def counted(level, order=3, text=TEXT):
    model = NGramLanguageModel(order)
    model.use_spec(Tokenizer.train(level, [text]).state())
    tokens = torch.from_numpy(model.tokenizer.stream([text]).tokens).long()[None]
    model.training_step(StripBatch(tokens, tokens, torch.ones(1, dtype=torch.bool), tokens.numel(), 0), 0)
    return model


def frames(steps=6, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(steps, 4, generator=generator, dtype=torch.float64).log_softmax(-1).numpy()


def likelihood(model, ids, start):
    """Log-probability of tokens after a start, and of the start again as the end, read as one text."""
    x = torch.tensor([[start, *ids]])
    y = torch.tensor([[*ids, start]])
    batch = StripBatch(x, y, torch.ones(1, dtype=torch.bool), y.numel(), 0)
    with torch.no_grad():
        return -float(model.nats(batch, model.initial_state(1))[0].sum())


@pytest.mark.parametrize("make", [recurrent, counted])
def test_characters(make):
    model = make("char")
    acoustic = {tuple(h.tokens): h.score for h in beam_search(frames(), **EXACT)}
    found = {tuple(h.tokens): h for h in beam_search(frames(), **EXACT, lm=fusion(model, LABELS, alpha=0.8, beta=0.5))}
    assert found.keys() == acoustic.keys()
    newline = model.tokenizer.tokens.index("\n")
    for text in list(acoustic)[::40]:
        ids = model.tokenizer.encode("".join(LABELS[token] for token in text)).tolist()
        expected = 0.8 * likelihood(model, ids, newline) + 0.5 * len(ids)
        assert found[text].language == pytest.approx(expected, abs=1e-9)
        assert found[text].score == pytest.approx(acoustic[text] + expected, abs=1e-9)


@pytest.mark.parametrize("make", [recurrent, counted])
@pytest.mark.parametrize("unknown", [None, -4.0])
def test_words(make, unknown):
    model = make("word")
    acoustic = {tuple(h.tokens): h.score for h in beam_search(frames(), **EXACT)}
    lm = fusion(model, LABELS, alpha=0.8, beta=0.5, unknown=unknown)
    found = {tuple(h.tokens): h for h in beam_search(frames(), **EXACT, lm=lm)}
    spoken = {text: "".join(LABELS[token] for token in text).split() for text in acoustic}
    known = [text for text, words in spoken.items() if all(word in ("ab", "ba") for word in words)]
    assert found.keys() == (set(known) if unknown is None else set(acoustic))
    for text in known:
        ids = model.tokenizer.encode(" ".join(spoken[text])).tolist()
        expected = 0.8 * likelihood(model, ids, model.tokenizer.end) + 0.5 * len(ids)
        assert found[text].language == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("make", [recurrent, counted])
def test_chunks_do_not_change_the_result(make, level):
    lm = fusion(make(level), LABELS, unknown=-4.0 if level == "word" else None)
    whole = beam_search(frames(40), 4, lm=lm)
    search = BeamSearch(4, lm=lm)
    for chunk in np.split(frames(40), [1, 7, 8, 30]):
        search.feed(chunk)
    assert search.finish() == whole
    assert len(whole) == 4


@pytest.mark.parametrize(
    ("unigrams", "kind"),
    [("a b <space>", NGramFusion), ("a b ▁", NGramFusion), ("a ab", WordFusion), ("ab <s> </s> <unk>", WordFusion)],
)
def test_a_file_of_characters_or_of_words(tmp_path, unigrams, kind):
    path = tmp_path / "model.arpa"
    names = unigrams.split()
    lines = ["\\data\\", f"ngram 1={len(names)}", "\\1-grams:", *(f"-1\t{name}" for name in names), "\\end\\", ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert type(fusion(read_arpa(path), LABELS)) is kind


def test_labels_that_are_words():
    model = recurrent("word")
    lm = fusion(model, ["", "ab", "ba", "cd"])
    assert lm.missing == ["cd"]
    after = lm.after([lm.start().state], [2])[0]
    ids = [model.tokenizer.tokens.index(word) for word in ("ba", "ab")]
    expected = likelihood(model, ids[:1], model.tokenizer.end)
    assert lm.start().tokens[2] + lm.end(after.state) == pytest.approx(0.5 * expected)


def test_models_that_cannot_help():
    with pytest.raises(UserError, match="over bytes cannot help"):
        fusion(recurrent("byte"), LABELS)
    with pytest.raises(UserError, match="the uniform model says nothing"):
        fusion(counted("char", order=0), LABELS)
    with pytest.raises(UserError, match="knows none of the labels A B"):
        fusion(recurrent("char"), ["", "A", "B"])
    with pytest.raises(UserError, match="only a model over words"):
        fusion(recurrent("char"), LABELS, unknown=-3.0)
