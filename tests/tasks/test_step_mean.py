"""The gradient of a step: of all units together, however they are cut into batches and dealt out to processes."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from joint_step import in_threads
from torch import nn

from rnnbench.tasks.base.step_mean import StepMean


def gradients(parts, dtype, accumulate):
    """Of a model that is no task: parts[process][batch] = (inputs, classes)."""
    models = [model(dtype) for _ in parts]
    told = [[] for _ in parts]

    def process(rank, ring):
        step = StepMean()
        for x, y in parts[rank]:
            mean = F.cross_entropy(models[rank](x.to(dtype)), y, reduction="sum") / max(len(y), 1)
            found = step.weigh(mean, len(y), mean.detach(), len(parts))
            told[rank].append(float(found.mean))
            (found.loss / accumulate).backward()
        for parameter in models[rank].parameters():  # as DistributedDataParallel does
            ring.all_reduce(parameter.grad)
            parameter.grad /= len(parts)
        step.settle(models[rank].parameters(), accumulate)

    in_threads(parts, process)
    found = [torch.cat([one.grad.flatten() for one in of_rank.parameters()]) for of_rank in models]
    assert all(torch.equal(found[0], other) for other in found)
    return found[0], told


def model(dtype):
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 5)).to(dtype)


def batch(units, seed):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(units, 3, generator=random, dtype=torch.float64), torch.randint(5, (units,), generator=random)


def joined(batches):
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


@given(sizes=st.lists(st.lists(st.integers(1, 40), min_size=3, max_size=3), min_size=1, max_size=3),
       accumulate=st.integers(1, 3), short=st.booleans())  # fmt: skip
@pytest.mark.parametrize(("dtype", "relative"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@settings(max_examples=25)
def test_any_cut_into_processes_and_batches_gives_the_gradient_of_the_whole(dtype, relative, sizes, accumulate, short):
    # The last accumulation of an epoch may have fewer batches than the others.
    batches = max(1, accumulate - short)
    parts = [[batch(units, 10 * r + k) for k, units in enumerate(row[:batches])] for r, row in enumerate(sizes)]
    found, told = gradients(parts, dtype, accumulate)
    wanted, _ = gradients([[joined([one for row in parts for one in row])]], dtype, 1)
    means = [gradients([[joined([row[k] for row in parts])]], dtype, 1)[1][0][0] for k in range(batches)]
    assert (found - wanted).norm() <= relative * wanted.norm()
    assert all(row == pytest.approx(means, rel=10 * relative) for row in told), "what is told is of all processes"


def test_a_batch_that_counts_for_nothing_changes_nothing():
    parts = [[batch(7, 1)], [batch(5, 2)]]
    two, _ = gradients(parts, torch.float64, 1)
    three, _ = gradients([*parts, [batch(0, 3)]], torch.float64, 1)
    assert torch.allclose(two, three, rtol=1e-12, atol=0)


def test_on_one_process_a_batch_alone_is_left_as_it_is():
    mean = torch.tensor(0.3, requires_grad=True)
    step = StepMean()
    assert step.weigh(mean, 7, mean.detach()).loss is mean
    mean.grad = torch.tensor(1.0)
    step.settle([mean])
    assert mean.grad == 1
