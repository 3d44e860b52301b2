"""One optimizer step, cut into batches and dealt out to processes as Lightning and torch do it, in threads."""

import copy
import threading
from types import SimpleNamespace

import pytest
import torch

from rnnbench.bench.training_step import instantiate


class Ring:
    """Stands for the process group: threads whose sums meet."""

    def __init__(self, processes):
        self.meet = threading.Barrier(processes, timeout=60)
        self.given = []

    def all_reduce(self, tensor):
        self.given.append(tensor.clone())
        self.meet.wait()
        total = torch.stack(self.given).sum(0)
        self.meet.wait()
        self.given.clear()
        self.meet.wait()
        tensor.copy_(total)


def in_threads(parts, step):
    """Calls ``step(rank, ring)`` for each part of the data in a thread of its own; a group where there are several."""
    ring, errors = Ring(len(parts)), []

    def process(rank):
        try:
            step(rank, ring)
        except Exception as error:
            errors.append(error)
            ring.meet.abort()

    threads = [threading.Thread(target=process, args=(rank,)) for rank in range(len(parts))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.distributed, "all_reduce", ring.all_reduce)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def gradient(model, parts, accumulate):
    """The gradient of a step of a task: ``parts[process][batch]``; that of all processes must be the same."""
    models = [copy.deepcopy(model) for _ in parts]
    told = [[] for _ in parts]

    def step(rank, ring):
        one = models[rank]
        one._trainer = SimpleNamespace(world_size=len(parts), accumulate_grad_batches=accumulate)
        one.log = lambda name, value, **_: told[rank].append(float(value))
        for number, batch in enumerate(parts[rank]):
            (one.training_step(batch, number) / accumulate).backward()
        for parameter in one.parameters():  # as DistributedDataParallel does
            if parameter.grad is not None:
                ring.all_reduce(parameter.grad)
                parameter.grad /= len(parts)
        one.on_before_optimizer_step(None)

    in_threads(parts, step)
    found = [torch.cat([p.grad.flatten() for p in one.parameters() if p.grad is not None]) for one in models]
    assert all(torch.equal(found[0], other) for other in found)
    assert all(values == told[0] for values in told)
    return found[0]


def check_step(words, cut):
    """A step of one process over a joint batch is one of 2 and 3 processes, and of 2 and 3 accumulated batches.

    Args:
        words: A preset and options without dropout.
        cut: Takes the data, set up, and numbers that add up to 22; makes a batch of so many samples for each.
    """
    model, data = instantiate(words.split())
    data.prepare_data()
    data.setup("fit")
    torch.manual_seed(1)
    model.use_spec(data.spec)
    model.eval()
    for dtype, relative in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        model.to(dtype)
        (whole,) = _in(dtype, cut(data, [22]))
        wanted = gradient(model, [[whole]], 1)
        pieces = _in(dtype, cut(data, [1, 7, 2, 5, 3, 4]))
        for processes, batches in ((2, 3), (3, 2), (1, 6), (6, 1)):
            parts = [pieces[rank * batches : (rank + 1) * batches] for rank in range(processes)]
            found = gradient(model, parts, batches)
            assert (found - wanted).norm() <= relative * wanted.norm(), (dtype, processes, batches)


def _in(dtype, batches):
    """Features are float32 in the data; the trainer's precision converts them."""
    convert = lambda one: one.to(dtype) if torch.is_floating_point(one) else one  # noqa: E731
    return [
        batch._replace(**{name: convert(one) for name, one in batch._asdict().items() if torch.is_tensor(one)})
        for batch in batches
    ]


def samples(data, sizes):
    """Batches of the first samples of the training split."""
    read, first, made = data.train_dataloader().read, 0, []
    for size in sizes:
        made.append(read(list(range(first, first + size)), 0))
        first += size
    return made
