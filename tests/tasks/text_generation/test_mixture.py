"""Language models that predict together: against the sum by hand, and as a run of its own."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.results.record import read_result
from rnnbench.tasks.text_generation.baselines.mixture import fit_shares
from rnnbench.tasks.text_generation.trained import load_text_model

DATA = "--data.source Files --data.source.path text --data.level char --trainer.max_epochs 1"
LSTM = f"--config text_generation/char_lstm --model.backbone.hidden_size 8 --model.backbone.engine reference {DATA}"
NGRAM = f"--config text_generation/char_7gram --model.order 3 {DATA}"
MIXTURE = f"--config text_generation/ptb_mixture --data.source.card null {DATA} --model.runs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mixture")


@pytest.fixture
def runs(folder, rnnbench, monkeypatch):
    """Two runs over one text."""
    monkeypatch.chdir(folder)
    if not Path("text").exists():
        Path("text").mkdir()
        for number, split in enumerate(("train", "validation", "test")):
            lines = [f"line {i} of {split}: {i * 37 % 101} and {i * i % 53}" for i in range(number, 90, 1 + number)]
            Path(f"text/{split}.txt").write_text("\n".join(lines), encoding="utf-8")
        for name, options in (("lstm", LSTM), ("ngram", NGRAM)):
            status, _, err = rnnbench(f"fit {options} --name {name}")
            assert status == 0, err
    return [Path("runs/text_generation") / name for name in ("lstm", "ngram")]


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_no_other_weights_make_the_text_likelier(seed, models):
    random = torch.Generator().manual_seed(seed)
    nats = 3 * torch.rand(40, models, generator=random, dtype=torch.float64)

    def likelihood(shares):
        return (shares * (-nats).exp()).sum(1).log().sum()

    best = fit_shares(nats)
    assert best.sum() == pytest.approx(1)
    others = torch.rand(50, models, generator=random, dtype=torch.float64)
    others = torch.cat([torch.eye(models, dtype=torch.float64), others / others.sum(1, keepdim=True)])
    assert all(likelihood(best) >= likelihood(other) - 1e-9 for other in others)


def test_a_model_that_is_never_the_likelier_has_no_weight():
    nats = torch.tensor([[1.0, 2.0], [1.0, 900.0], [0.5, 0.6]], dtype=torch.float64)
    assert fit_shares(nats).tolist() == pytest.approx([1, 0], abs=1e-9)


def test_a_mixture_is_the_sum_by_hand_and_better_than_its_parts(runs, rnnbench):
    status, _, err = rnnbench(f"fit {MIXTURE} [{','.join(map(str, runs))}] --name both")
    assert status == 0, err
    assert "the mixture: 0." in err
    assert rnnbench("test --run runs/text_generation/both")[0] == 0
    measured = [read_result(Path(f"runs/text_generation/{name}/result.json")) for name in ("lstm", "ngram", "both")]
    values = [result.metrics["validation"]["nats_per_token"].value for result in measured]
    assert values[2] < min(values[:2])

    mixture = load_text_model(Path("runs/text_generation/both"), "here").eval()
    parts = [load_text_model(run, "here").eval() for run in runs]
    tokens = mixture.tokenizer.encode("line 7 of").tolist()
    states, state = [part.initial_state(1) for part in parts], mixture.initial_state(1)
    for token in tokens:
        token = torch.tensor([token])
        scores, state = mixture.step(token, state)
        found = [part.step(token, own) for part, own in zip(parts, states, strict=True)]
        states = [own for _, own in found]
        by_hand = sum(share * one.double().softmax(1) for share, (one, _) in zip(mixture.shares, found, strict=True))
        assert torch.allclose(scores.exp(), by_hand, rtol=1e-9)
    status, out, _ = rnnbench("predict --run runs/text_generation/both --prompt 'line 1' --length 20")
    assert (status, len(out) >= 20) == (0, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[runs/text_generation/lstm]", "a mixture is one of two runs or more, and 1 is named"),
        ("[runs/text_generation/lstm,nowhere]", "nowhere holds no checkpoint"),
        ("[runs/text_generation/lstm,runs/text_generation/ngram] --model.weights [0.5]", "are no 2 shares of 1"),
        ("[runs/text_generation/lstm,runs/text_generation/ngram] --data.max_vocabulary 9", "the data 9"),
    ],
)
def test_what_is_no_mixture_is_one_message(runs, rnnbench, options, message):
    status, _, err = rnnbench(f"fit {MIXTURE} {options} --name none", debug=False)
    assert status == 2
    assert message in err


@pytest.mark.slow
def test_a_run_that_was_trained_anew_is_refused(runs, rnnbench):
    both = ",".join(map(str, runs))
    assert rnnbench(f"fit {MIXTURE} [{both}] --name before")[0] == 0
    assert rnnbench(f"fit {LSTM} --name lstm2 --seed_everything 5")[0] == 0
    kept = runs[0] / "checkpoints/best.ckpt"
    whole = kept.read_bytes()
    try:
        kept.write_bytes(Path("runs/text_generation/lstm2/checkpoints/best.ckpt").read_bytes())
        status, _, err = rnnbench("test --run runs/text_generation/before", debug=False)
    finally:
        kept.write_bytes(whole)
    assert status == 2
    assert "was trained anew since this run was made of it" in err
