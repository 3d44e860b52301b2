"""Metrics are summed in float64 also where a device has none."""

import pytest
import torch
import torch.nn.functional as F

from rnnbench.tasks.base import ItemTexts, ItemValues, exact, exact_nats


class Apple(torch.Tensor):
    """A tensor that says it lies on a device without float64, and refuses it as that device does."""

    @property
    def device(self):
        return torch.device("mps")

    def cpu(self):
        return self.as_subclass(torch.Tensor)

    def to(self, device=None, dtype=None, **_):
        if dtype is torch.float64:
            return self.double()
        return self.cpu() if device is not None and torch.device(device).type == "cpu" else self

    def double(self):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")


def there(tensor):
    return tensor.as_subclass(Apple)


def test_likelihoods():
    scores, targets = torch.randn(5, 3), torch.tensor([0, 2, 1, 1, 0])
    with pytest.raises(TypeError):
        there(scores).double()
    found = exact_nats(there(scores), there(targets))
    assert torch.equal(found, F.cross_entropy(scores.double(), targets, reduction="none"))
    assert exact(there(scores)).dtype == torch.float64


@pytest.mark.parametrize("metric", [ItemValues(), ItemTexts()])
def test_items(metric):
    texts = (["b", "a"],) if isinstance(metric, ItemTexts) else ()
    metric.update(there(torch.tensor([1, 0])), there(torch.tensor([[0.1], [0.2]])), *texts)
    found = metric.compute()
    values = found.values if isinstance(metric, ItemTexts) else found
    assert torch.equal(values, torch.tensor([[0.2], [0.1]]).double())
