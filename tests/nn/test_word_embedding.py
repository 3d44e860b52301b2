import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.nn import WordEmbedding

IDS = torch.arange(4, 104).repeat(20, 1)


def test_vectors_of_words():
    embedding = WordEmbedding(104, 8)
    assert torch.equal(embedding(IDS), embedding.table.weight[IDS])
    assert embedding.table.weight.std().item() == pytest.approx(8**-0.5, rel=0.1)


def test_dropped_words_are_read_as_unknown_in_training_only():
    torch.manual_seed(1)
    embedding = WordEmbedding(104, 8, word_dropout=0.2, unknown=1)
    plain, unknown = embedding.table.weight[IDS], embedding.table.weight[1]
    found = embedding(IDS)
    dropped = (found == unknown).all(-1)
    assert 0.15 < dropped.double().mean() < 0.25
    assert torch.equal(found[~dropped], plain[~dropped])
    assert torch.equal(embedding.eval()(IDS), plain)


def test_dropped_numbers():
    torch.manual_seed(1)
    found = WordEmbedding(104, 8, dropout=0.5)(IDS)
    assert 0.45 < (found == 0).double().mean() < 0.55


def test_frozen_vectors_are_not_trained():
    assert not WordEmbedding(9, 2, frozen=True).table.weight.requires_grad


@pytest.mark.parametrize("name", ["dropout", "word_dropout"])
def test_rates(name):
    with pytest.raises(UserError, match=f"{name} must be in"):
        WordEmbedding(9, 2, **{name: 1.0})
