"""What training steps are timed against is the same model: the same size, the same loss, the same gradients."""

import copy

import pytest
import torch

from rnnbench.bench.plain.measure import check_same, compared, plain_step, time_sampling
from rnnbench.bench.training_step import count, trained_step
from rnnbench.errors import UserError

SMALL = "--model.backbone.hidden_size=5 --model.backbone.engine=reference --model.dropout=0"
DATA = "--data.source.train=60 --data.source.held_out=9"
WORDS = f"{SMALL} {DATA} --data.batch_size=6 --model.embedding.embedding_size=4"
TEXT = f"text_generation/char_lstm {SMALL} --data.batch_size=2 --data.sequence_length=7 --model.embedding_size=4"
CASES = {
    "LSTM": TEXT,
    "GRU": f"{TEXT} --model.backbone.cell=GRU --model.backbone.num_layers=2",
    "Elman": f"{TEXT} --model.backbone.cell=Elman --model.embedding_size=5 --model.tie_embeddings=true",
    "sentiment": f"sentiment/builtin {WORDS} --model.backbone.num_layers=2",
    "labelling": f"labelling/generated_bilstm_crf {SMALL} {DATA} --model.embedding.embedding_size=4"
    " --data.max_tokens=80 --model.characters.backbone.hidden_size=3 --model.characters.backbone.engine=reference",
    "speech": f"speech/builtin {SMALL} --data.source.train=12 --data.source.validation=3 --data.source.test=3"
    " --data.max_tokens=1500",
    "translation": f"translation/generated_attention {WORDS} --model.decoder=BahdanauDecoder"
    " --model.decoder.readout_size=6",
    "captioning": f"captioning/builtin {WORDS} --model.encoder.channels=[8] --data.image_size=16",
}


@pytest.fixture(autouse=True)
def _in_a_folder_with_text(tmp_path, monkeypatch):
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.txt").write_text("what is read here is read again here\n" * 60, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def both_of(words):
    files = " --data.source=Files --data.source.path=." if words.startswith("text_generation") else ""
    sgd = " --model.optimizer=torch.optim.SGD --model.optimizer.lr=0.1"
    return compared((words + files + sgd).split())


@pytest.mark.filterwarnings("ignore:.*self.log")
@pytest.mark.parametrize("case", CASES)
def test_the_plain_model_is_ours(case):
    both = both_of(CASES[case])
    ours, plain, batches, clip = both
    assert count(ours) == count(plain)
    assert len(batches) > 2
    for name in (name for name in batches[0]._fields if name.endswith("lengths")):
        assert any(len(getattr(batch, name).unique()) > 1 for batch in batches[:2]), "padding is what they go wrong by"
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    steps = trained_step(ours, clip), plain_step(both)
    lost = []

    def keep(batch):
        # Of copies: to look must not move a state.
        found = copy.deepcopy(ours).loss(batch)
        lost.append((float(found.total.detach() / found.units), float(copy.deepcopy(plain).loss(batch).detach())))

    for batch in batches[:2]:
        keep(batch)
        for step in steps:
            step(batch)
    keep(batches[2])
    for one, other in lost:
        assert other == pytest.approx(one, rel=1e-4)
    # What stays as it is counts batches, or says what is illegal.
    for name, value in plain.named_parameters():
        assert not torch.equal(before[name], value), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--model.pooling=mean", "loses"),
        ("--model.pooling=attention", "parameters"),
        ("--model.backbone.cell=PeepholeLSTM", "no such layers"),
    ],
)
def test_another_model_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        check_same(both_of(f"{CASES['sentiment']} {options}"))


def test_a_decoder_that_nobody_wrote_plainly():
    with pytest.raises(UserError, match="has a BahdanauDecoder, and no LuongDecoder"):
        both_of(f"translation/generated_attention {WORDS}")


def test_a_model_that_nobody_wrote_plainly():
    with pytest.raises(UserError, match="no plain model is written for Average"):
        both_of(f"sentiment/builtin {DATA} --model=AverageClassifier")


def test_both_write_texts_and_classifiers_none(monkeypatch):
    monkeypatch.setattr("rnnbench.bench.plain.measure._WRITTEN", 5)
    times = time_sampling(TEXT.split(), 1)
    assert set(times) == {"ours", "plain"}
    both = compared(TEXT.split())
    end = torch.tensor([both.ours.tokenizer.end])
    scores, _ = both.ours.eval().step(end, both.ours.initial_state(1))
    torch.testing.assert_close(both.plain.eval()(end[:, None], None)[0][:, 0], scores)
    assert len(both.plain.write(int(end), 4)) == 4
    assert time_sampling(CASES["sentiment"].split(), 1) is None
