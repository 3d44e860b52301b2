"""A training step on a GPU waits for the device twice at most: for lengths, and for what is over before the others."""

import pytest
import torch
from simulated import counting, device, move

from rnnbench.applications import applications
from rnnbench.bench.training_step import instantiate

DEFAULT = {"captioning", "forecasting", "translation"}
"""Those that have something of their own in a step beside a stack, attention or a text."""


@pytest.mark.filterwarnings("ignore:.*self.log")
@pytest.mark.parametrize(
    "application", [pytest.param(one, marks=[] if one in DEFAULT else [pytest.mark.slow]) for one in applications()]
)
def test_a_step_waits_for_the_device_twice_at_most(application):
    card = applications()[application].card
    model, data = instantiate([card.quick, *card.tiny])
    data.prepare_data()
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    model.use_spec(data.spec)
    move(model)
    with device():
        moved = model.transfer_batch_to_device(batch, torch.device("cuda:0"), 0)
        # At the first call an engine is compared with the reference.
        model.training_step(moved, 0).backward()
    with counting() as counts:
        model.training_step(moved, 1).backward()
    assert len(counts.syncs) <= 2, counts.syncs
    assert counts.launches
