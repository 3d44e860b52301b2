"""The noisy channel: what it finds is the best by brute force, and a run of it is a run as any other."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from rnnbench.bench.training_step import instantiate
from rnnbench.decode.beam import Beam
from rnnbench.results.record import read_result
from rnnbench.tasks.base.pairs.search import Ensemble

TINY = [
    "translation/generated_words", "--data.source.train=60", "--data.source.held_out=12", "--model.rounds=3"
]  # fmt: skip


@pytest.fixture(scope="module")
def counted():
    model, data = instantiate(TINY)
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(model), "data", property(lambda _: data))
        for name, table in model.count_split().items():
            model.register_buffer(name, table)
    return model.eval(), data


def test_a_wide_beam_finds_the_best_of_all_translations(counted):
    model, data = counted
    source = data.splits["validation"].sources[0][-3:]  # two words and the end
    choices = [model._channel(word) for word in source.tolist()]
    language = model._counted().language
    scores = {}
    for picked in itertools.product(*[range(len(words)) for words, _ in choices]):
        words = np.array([words[i] for i, (words, _) in zip(picked, choices, strict=True)])
        channel = sum(values[i] for i, (_, values) in zip(picked, choices, strict=True))
        scores[tuple(words.tolist())] = channel + language.log_probabilities(words).sum()
    best = max(scores, key=scores.__getitem__)
    assert len(scores) > 20
    found = Ensemble([model]).search([(source[None], torch.tensor([3]))], Beam(size=len(scores)))
    assert tuple(found[0][0].tokens) == best[:-1] or tuple(found[0][0].tokens) == best
    assert found[0][0].score == pytest.approx(scores[best], rel=1e-5)


def test_the_likelihood_of_every_word_is_a_distribution(counted):
    model, data = counted
    batch = data.splits["validation"]([3, 4], 0)
    scores, weights = model(batch)
    assert scores.exp().sum(1) == pytest.approx(1)
    for row, (size, length) in enumerate(zip(batch.target_lengths, batch.source_lengths, strict=True)):
        assert (weights[row, size:] == 0).all()
        assert (weights[row, :, length:] == 0).all()


def test_a_run(rnnbench, tmp_path):
    status, _, err = rnnbench(f"fit --config {' '.join(TINY)} --name w")
    assert status == 0, err
    assert rnnbench("test --run runs/translation/w")[0] == 0
    metrics = read_result(Path("runs/translation/w/result.json")).metrics["test"]
    assert metrics["alignment_accuracy"].value > 0.6
    assert metrics["alignment_error_rate"].value < 0.5
    assert metrics["perplexity"].signature.endswith("length:told")
    (tmp_path / "in.txt").write_text("zwei und vierzig\nxyz\n", encoding="utf-8")
    status, out, _ = rnnbench(f"predict --run runs/translation/w {tmp_path / 'in.txt'}")
    assert status == 0
    known, unknown = out.splitlines()
    assert len(known.split()) == 3
    assert unknown == "<unk>"
