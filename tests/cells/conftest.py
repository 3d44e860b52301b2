"""What tests of equations share: a cell with random parameters, and one step of it as NumPy arrays."""

from types import SimpleNamespace

import pytest
import torch

BATCH, INPUT, HIDDEN = 3, 4, 5


@pytest.fixture(params=[False, True], ids=["plain", "state mask"])
def one_step(request):
    """Runs one step from a random state, with and without a mask on the state; parameters and result are arrays."""

    def run(factory, input_size=INPUT):
        torch.manual_seed(0)
        cell = factory(input_size, HIDDEN).double()
        with torch.no_grad():
            for parameter in cell.parameters():  # whatever initialisation sets to 0 or 1 as well
                parameter.normal_()
        like = torch.zeros((), dtype=torch.float64)
        x = torch.randn(BATCH, input_size).to(like)
        state = tuple(torch.randn_like(leaf) for leaf in cell.initial_state(BATCH, like))
        mask = torch.rand(BATCH, cell.output_size).to(like) if request.param else torch.ones(BATCH, cell.output_size)
        cell.state_mask = mask if request.param else None
        with torch.no_grad():
            y, new = cell(x, state)
        return SimpleNamespace(
            cell=cell,
            x=x.numpy(),
            state=[leaf.numpy() for leaf in state],
            mask=mask.numpy(),
            y=y.numpy(),
            new=[leaf.numpy() for leaf in new],
            **{name.replace(".", "_"): value.detach().numpy() for name, value in cell.named_parameters()},
        )

    return run
