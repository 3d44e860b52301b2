"""Fewer steps than frames: by the definition, and whatever stands in the padding."""

import pytest
import torch

from rnnbench.errors import UserError
from rnnbench.nn.subsample import Convolutions, FrameStacking

KINDS = {
    "stacking": lambda size: FrameStacking(size, 3),
    "one frame": lambda size: FrameStacking(size, 1),
    "convolutions": lambda size: Convolutions(size, (3, 4), (5, 3), (7, 5), (2, 1), (2, 2)),
    "three": lambda size: Convolutions(size, (2, 2, 2), (3, 3, 3), (3, 3, 3), (2, 2, 1), (2, 1, 2)),
}


def frames(size=11, lengths=(17, 5, 1, 12)):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(len(lengths), max(lengths), size, dtype=torch.float64, generator=generator), torch.tensor(
        lengths
    )


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_company_change_nothing(kind):
    layer = KINDS[kind](11).double()
    x, lengths = frames()
    together, steps = layer(x, lengths)
    assert together.shape[2] == layer.output_size
    for row, size in enumerate(lengths.tolist()):
        alone, [count] = layer(x[row : row + 1, :size], torch.tensor([size]))
        assert alone.shape[1] == count == steps[row] == layer.steps(size)
        torch.testing.assert_close(together[row, :count], alone[0], rtol=0, atol=1e-13)
    rubbish = x.clone()
    rubbish[1, 5:] = torch.nan
    assert torch.equal(layer(rubbish, lengths)[0][1, : steps[1]], together[1, : steps[1]])


def test_stacking_by_the_definition():
    x, lengths = frames()
    y, steps = FrameStacking(11, 3)(x, lengths)
    assert steps.tolist() == [6, 2, 1, 4]
    assert torch.equal(y[0, 1], torch.cat([x[0, 3], x[0, 4], x[0, 5]]))
    assert torch.equal(y[1, 1], torch.cat([x[1, 3], x[1, 4], torch.zeros(11)]))


def test_a_convolution_by_the_definition():
    layer = Convolutions(5, (2,), (3,), (3,), (2,), (1,)).double()
    x, _ = frames(5, (7,))
    with torch.no_grad():
        y, [steps] = layer(x, torch.tensor([7]))
    [conv] = layer.layers
    padded = torch.zeros(9, 7, dtype=torch.float64)
    padded[1:8, 1:6] = x[0]
    for step in range(int(steps)):
        for channel in range(2):
            for place in range(5):
                patch = padded[2 * step : 2 * step + 3, place : place + 3]
                value = (patch * conv.weight[channel, 0]).sum().detach() + conv.bias[channel].detach()
                assert float(y[0, step, 5 * channel + place]) == pytest.approx(float(value.clamp(0, 20)), abs=1e-12)


def test_sizes_out_of_range():
    with pytest.raises(UserError, match="factor"):
        FrameStacking(5, 0)
    with pytest.raises(UserError, match="every layer needs a value"):
        Convolutions(5, (2, 2), (3,))
    with pytest.raises(UserError, match="kernels odd"):
        Convolutions(5, (2,), (4,), (3,), (1,), (1,))
