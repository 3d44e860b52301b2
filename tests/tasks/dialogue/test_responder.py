"""The encoder-decoder over turns in a script: replies piece by piece, re-ranking that looks at one context alone."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU
from rnnbench.data.text.encoder import TextEncoder
from rnnbench.decode.beam import Beam
from rnnbench.decode.sample import Sampling
from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding
from rnnbench.tasks.base.pairs.search import Ensemble
from rnnbench.tasks.dialogue import LuongDecoder, Responder
from rnnbench.tasks.dialogue.mutual import Mutual, Reranker
from rnnbench.tasks.dialogue.turns import as_context

TEXTS = ["how are you ?", "fine , and you ?", "i do not know .", "what is the time ?", "it is late", "good night"]
ENCODER = TextEncoder.train("reversible", TEXTS)
CONTEXTS = [as_context(TEXTS[:1]), as_context(TEXTS[1:4]), as_context(TEXTS[2:4])]
GREEDY = Sampling(temperature=0, length=8)


def made(turns=2, backwards=False, seed=1, encoder=ENCODER):
    torch.manual_seed(seed)
    model = Responder(
        backbone=partial(Backbone, cell=GRU, hidden_size=6, bidirectional=True, engine="reference"),
        decoder=partial(LuongDecoder, input_feeding=False),
        embedding=partial(WordEmbedding, embedding_size=5),
        init_range=1.5,
        max_length=8,
        beam_size=1,
    )
    state = encoder.state()
    model.use_spec(
        {"source": state, "target": state, "joint": True, "turns": turns, "reversed": backwards, "language": "en"}
    )
    return model.eval()


def test_a_reply_in_pieces_is_the_greedy_search():
    model = made()
    for context in CONTEXTS:
        (found,) = Ensemble([model]).write([context], Beam(size=1), 8)
        assert "".join(model.reply(context, GREEDY)) == found[0].text


def test_pieces_of_bytes_are_whole_characters():
    encoder = TextEncoder.train("byte", [""])
    model = made(encoder=encoder)
    wanted = iter([*(byte + 4 for byte in "aü中".encode()), TextEncoder.end])
    model.step = lambda tokens, state: (torch.nn.functional.one_hot(torch.tensor([next(wanted)]), 260).float(), state)
    pieces = list(model.reply(CONTEXTS[0], replace(GREEDY, length=20)))
    assert "".join(pieces) == "aü中"
    assert [piece for piece in pieces if piece] == ["a", "ü", "中"]


def test_only_the_last_turns_are_read():
    model = made(turns=2)
    long, short = as_context(TEXTS[:5]), as_context(TEXTS[3:5])
    assert torch.equal(model.read_source(long), model.read_source(short))
    assert not torch.equal(made(turns=3).read_source(long), model.read_source(short))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_context_is_re_ranked_by_itself(backwards):
    """To the bit: alone, among others, or in another order."""
    model = made()
    helper = made(turns=1 if backwards else 0, backwards=backwards, seed=2)
    rerank = Reranker(Mutual("helper", weight=0.7, candidates=6), helper, model)
    beam = Beam(6, nbest=6)
    found = [one for context in CONTEXTS for one in Ensemble([model]).search([as_batch(model, [context])], beam)]
    alone = [rerank(context, one) for context, one in zip(CONTEXTS, found, strict=True)]
    again = [rerank(context, one) for context, one in reversed(list(zip(CONTEXTS, found, strict=True)))][::-1]
    assert alone == again
    together = list(Ensemble([model]).write(CONTEXTS, replace(beam, nbest=2), 8, rerank=rerank))
    for best, wanted in zip(together, alone, strict=True):
        assert [one.text for one in best] == [model.target_encoder.decode(one.tokens) for one in wanted[:2]]
        assert best[0].score >= best[1].score


def as_batch(model, contexts):
    ids = [model.read_source(context) for context in contexts]
    return torch.nn.utils.rnn.pad_sequence(ids, batch_first=True), torch.tensor([len(one) for one in ids])


def test_scores_are_likelihoods_of_the_helpers():
    model, language, back = made(), made(turns=0, seed=2), made(turns=1, backwards=True, seed=3)
    context = CONTEXTS[0]
    (found,) = Ensemble([model]).search([as_batch(model, [context])], Beam(4, nbest=4))
    scored = {tuple(one.tokens): one.score for one in Reranker(Mutual("x", 0.5, 99), language, model)(context, found)}
    for one in found:
        assert scored[tuple(one.tokens)] == pytest.approx(
            one.log_probability - 0.5 * likelihood(language, (), one.tokens), rel=1e-5
        )
    scored = {tuple(one.tokens): one.score for one in Reranker(Mutual("x", 0.5), back, model)(context, found)}
    said = ENCODER.encode(context[-1].text).tolist()
    for one in found:
        reply = as_context([ENCODER.decode(one.tokens)])
        assert scored[tuple(one.tokens)] == pytest.approx(
            0.5 * one.log_probability + 0.5 * likelihood(back, reply, said), rel=1e-5
        )


@torch.no_grad()
def likelihood(model, context, tokens):
    """Step by step."""
    source, lengths = as_batch(model, [context])
    state, total = model.start(source, lengths), 0.0
    for token, following in zip([TextEncoder.begin, *tokens], [*tokens, TextEncoder.end], strict=True):
        features, state = model.decoder.step(model.target_embedding(torch.tensor([token])), state)
        total += float(model.output(features).log_softmax(1)[0, following])
    return total


def test_helpers_that_cannot_help_are_refused():
    model = made()
    with pytest.raises(UserError, match="replies to turns as the model itself does"):
        Reranker(Mutual("run"), made(turns=1), model)
    with pytest.raises(UserError, match="or others"):
        Reranker(Mutual("run"), made(turns=0, encoder=TextEncoder.train("reversible", ["a"])), model)
    with pytest.raises(UserError, match=r"lies in \[0, 1\] here"):
        Reranker(Mutual("run", weight=2), made(turns=1, backwards=True), model)
    with pytest.raises(UserError, match="must be at least 1, found 0"):
        Mutual("run", first=0).check()
