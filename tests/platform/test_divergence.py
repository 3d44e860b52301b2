"""When a training is given up, step by step."""

from types import SimpleNamespace

import pytest
import torch

from rnnbench.platform.divergence import Divergence, DivergenceGuard

OPTIMIZER = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def steps(guard, precision, norms):
    """How many steps of such gradients are let through."""
    trainer = SimpleNamespace(precision=precision, global_step=0, current_epoch=0, default_root_dir="run")
    model = torch.nn.Linear(1, 1, bias=False)
    for number, norm in enumerate(norms):
        model.weight.grad = torch.tensor([[norm]])
        try:
            guard.on_before_optimizer_step(trainer, model, OPTIMIZER)
        except Divergence:
            return number
    return len(norms)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, 1e6])
def test_the_first_step_that_would_spoil_the_weights_is_not_taken(bad):
    assert steps(DivergenceGuard(), "32-true", [1.0, bad]) == 1


def test_a_loss_scaler_may_skip_steps_but_not_all():
    """At float16 infinities are met while its factor is sought; a loss that is no number never ends."""
    found = [torch.inf] * 20 + [1.0]
    assert steps(DivergenceGuard(), "16-mixed", found * 5) == 105
    assert steps(DivergenceGuard(), "16-mixed", [1.0] + [torch.nan] * 100) == 33
    assert steps(DivergenceGuard(), "16-mixed", [1e6] * 50) == 50, "an optimizer may take the factor out itself"
