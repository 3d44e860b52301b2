"""Words as their characters: each word on its own, whatever stands beside it or behind it."""

from functools import partial

import pytest
import torch

from rnnbench.backbone import Backbone
from rnnbench.cells import GRU, LSTM
from rnnbench.errors import UserError
from rnnbench.nn import CharacterCNN, CharacterRNN

MAKERS = {
    "cnn": partial(CharacterCNN, embedding_size=4, filters=5, width=3),
    "wide": partial(CharacterCNN, embedding_size=4, filters=5, width=7),
    "rnn": partial(CharacterRNN, backbone=partial(Backbone, hidden_size=5), embedding_size=4),
    "birnn": partial(CharacterRNN, backbone=partial(Backbone, hidden_size=5, bidirectional=True), embedding_size=4),
    "stack": partial(
        CharacterRNN, backbone=partial(Backbone, cell=GRU, hidden_size=5, num_layers=2, bidirectional=True)
    ),
}
LENGTHS = torch.tensor([3, 1, 6, 2])


@pytest.fixture(params=MAKERS)
def encoder(request):
    torch.manual_seed(0)
    return MAKERS[request.param](11).eval()


def words():
    return torch.randint(11, (4, 6), generator=torch.Generator().manual_seed(1))


def test_shapes(encoder):
    assert encoder(words(), LENGTHS).shape == (4, encoder.output_size)


def test_what_stands_behind_a_word_changes_no_bit(encoder):
    characters = words()
    other = torch.where(torch.arange(6) < LENGTHS[:, None], characters, 7)
    assert torch.equal(encoder(characters, LENGTHS), encoder(other, LENGTHS))


def test_a_word_alone(encoder):
    together = encoder(words(), LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = encoder(words()[row : row + 1, :length], LENGTHS[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], rtol=1e-5, atol=1e-6)


def test_both_ends_of_a_recurrent_encoder():
    torch.manual_seed(0)
    encoder = MAKERS["birnn"](11).eval()
    (word,) = encoder(torch.tensor([[3, 1, 4, 1]]), torch.tensor([4]))
    vectors = encoder.embedding(torch.tensor([3, 1, 4, 1]))
    for cell, order, part in zip(encoder.backbone.cells[0], (1, -1), (word[:5], word[5:]), strict=True):
        assert isinstance(cell, LSTM)
        state = cell.initial_state(1, vectors)
        for vector in list(vectors)[::order]:
            output, state = cell(vector[None], state)
        torch.testing.assert_close(output[0], part, rtol=1e-5, atol=1e-6)


def test_convolution_by_the_definition():
    torch.manual_seed(0)
    encoder = MAKERS["cnn"](11).eval()
    (word,) = encoder(torch.tensor([[3, 1]]), torch.tensor([2]))
    padded = torch.cat([torch.zeros(1, 4), encoder.embedding(torch.tensor([3, 1])), torch.zeros(1, 4)])
    weight, bias = encoder.convolution.weight, encoder.convolution.bias
    found = torch.stack([(weight * padded[t : t + 3].T).sum((1, 2)) + bias for t in range(2)])
    torch.testing.assert_close(word, found.amax(0), rtol=1e-5, atol=1e-6)


def test_an_even_width_has_no_middle():
    with pytest.raises(UserError, match="width must be an odd number, found 4"):
        CharacterCNN(11, width=4)
