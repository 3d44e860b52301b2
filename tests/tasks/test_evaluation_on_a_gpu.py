"""A model on a GPU measures what it measures on the CPU: no tensor of one meets a tensor of the other on the way."""

from types import SimpleNamespace

import pytest
import torch
from simulated import DEVICE, device, move
from torchmetrics import Metric

from rnnbench.applications import applications
from rnnbench.bench.training_step import instantiate

DEFAULT = {"cloze", "graphs", "sentiment"}
"""Of each kind one: every token, whole data at once, one class for a sequence."""
BATCHES = 3


def measured(model, data, split, on_gpu):
    """The metrics of some batches."""
    model.trainer.testing = split == "test"
    data.setup("test" if split == "test" else "fit")
    loader = data.val_dataloader() if split == "validation" else data.test_dataloader()
    with torch.no_grad():
        for _, batch in zip(range(BATCHES), loader, strict=False):
            model.evaluate(model.transfer_batch_to_device(batch, DEVICE, 0) if on_gpu else batch)
        found = model.measure(split)
    for part in model.modules():
        if isinstance(part, Metric):
            part.reset()
    return {name: float(value) for name, value in found.values.items()}


@pytest.mark.parametrize(
    "application", [pytest.param(one, marks=[] if one in DEFAULT else [pytest.mark.slow]) for one in applications()]
)
def test_metrics_are_those_of_the_cpu(application, monkeypatch):
    card = applications()[application].card
    model, data = instantiate([card.quick, *(word for word in card.tiny if not word.startswith("--trainer"))])
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    trainer = SimpleNamespace(datamodule=data, world_size=1, is_global_zero=False, global_rank=0)
    trainer.strategy = SimpleNamespace(root_device=torch.device("cpu"))
    monkeypatch.setattr(model, "_trainer", trainer)
    model.eval()
    wanted = {split: measured(model, data, split, False) for split in ("validation", "test")}
    move(model)
    trainer.strategy.root_device = DEVICE
    for part in model.modules():
        if hasattr(part, "_device"):
            monkeypatch.setattr(part, "_device", DEVICE)
    with device():
        found = {split: measured(model, data, split, True) for split in ("validation", "test")}
    for split, values in wanted.items():
        assert found[split] == pytest.approx(values, rel=1e-3, nan_ok=True)
