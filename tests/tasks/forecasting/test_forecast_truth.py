"""A forecast is held against the data as they are, whatever the precision of the model."""

from types import SimpleNamespace

import pytest
import torch

from rnnbench.applications import applications
from rnnbench.bench.training_step import instantiate


@pytest.mark.parametrize("split", ["validation", "test"])
def test_truth_is_not_rounded_with_the_batch(split, monkeypatch):
    card = applications()["forecasting"].card
    model, data = instantiate([card.quick, *(word for word in card.tiny if not word.startswith("--trainer"))])
    data.prepare_data()
    data.setup("fit")
    model.use_spec(data.spec)
    data.setup(split.replace("validation", "validate"))
    monkeypatch.setattr(model, "_trainer", SimpleNamespace(datamodule=data, testing=split == "test"))
    batch = next(iter(data.test_dataloader() if split == "test" else data.val_dataloader()))
    # As Lightning casts it in bf16-true, where the last of a split may count for nothing.
    cast = batch._replace(**{name: getattr(batch, name).bfloat16() for name in ("past", "future", "known", "scale")})
    cast.ids[-1] = -1
    entered = []
    monkeypatch.setattr(model.errors, "update", lambda ids, future, found, scale: entered.append((future, scale)))
    model.eval()
    with torch.no_grad():
        model.evaluate(cast._replace(covariates=cast.covariates.bfloat16()))
    [(future, scale)] = entered
    assert torch.equal(future[:-1], batch.future[:-1])
    assert torch.equal(scale[:-1], batch.scale[:-1])
    assert not torch.equal(future[:-1], cast.future[:-1].double()), "or there was nothing to lose"
