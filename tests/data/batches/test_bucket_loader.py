"""Loaders: any number of workers, any number of processes, any point to resume from."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.data.batches.batch import IGNORED, SequenceBatch, pad
from rnnbench.data.batches.bucket import Budget, TrainingBatches, evaluation_batches
from rnnbench.data.batches.bucket_loader import BucketEvaluationLoader, BucketTrainingLoader, Position
from rnnbench.errors import UserError

START = Position(0, 0)
LENGTHS = [(7 * i) % 23 + 1 for i in range(101)]


class Read:
    """Sample i is the number i, as often as it is long; noise as an augmentation has it."""

    def __init__(self, lengths):
        self.lengths = lengths

    def __call__(self, samples, epoch):
        x, lengths = pad([torch.full((self.lengths[i],), i) for i in samples], 0)
        noise = [torch.rand((), generator=torch.Generator().manual_seed(1000 * epoch + i)) for i in samples]
        return SequenceBatch(x, lengths, torch.stack(noise), torch.tensor(samples), int(lengths.sum()))


def refuse(samples, epoch):
    raise UserError("this sample is broken", where="a.wav", hint="mend it")


def training(rank=0, processes=1, workers=0, position=START, lengths=LENGTHS):
    batches = TrainingBatches(lengths, Budget(max_tokens=60), seed=3)
    return BucketTrainingLoader(batches, Read(lengths), rank, processes, workers, lambda: position)


class Trainer:
    """Counts steps as Lightning does; trains all processes of an epoch, one after the other."""

    def __init__(self, processes, lengths=LENGTHS, budget=60):
        self.epoch = self.done = 0
        batches = TrainingBatches(lengths, Budget(max_tokens=budget), seed=3)
        self.loaders = [
            BucketTrainingLoader(
                batches, Read(lengths), rank, processes, 0, lambda: Position(self.epoch, self.done), self.move_to
            )
            for rank in range(processes)
        ]
        self.moved = None

    def move_to(self, done, steps, before):
        self.moved = done, steps, before
        self.done = done

    def resume(self, checkpoint):
        self.epoch, self.done = checkpoint["epoch"], checkpoint["done"]
        done = self.done
        for loader in self.loaders:
            self.done = done  # every process has a trainer of its own
            loader.load_state_dict(checkpoint["loader"])
        return self

    def checkpoint(self):
        return {"epoch": self.epoch, "done": self.done, "loader": self.loaders[0].state_dict()}

    def train(self, steps=None):
        """Samples that count, of so many steps or of the rest of the epoch."""
        taken = [list(loader)[:steps] for loader in self.loaders]
        assert len({len(one) for one in taken}) == 1, "all processes take the same number of steps"
        self.done += len(taken[0])
        if steps is None:
            assert self.done == len(self.loaders[0]), "the trainer's count ends with the epoch"
        for batch in (batch for one in taken for batch in one):
            assert (batch.tokens == 0) == bool((batch.ids < 0).all())
        return [i for one in taken for batch in one for i in batch.ids.tolist() if i >= 0]


def equal(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.tokens == b.tokens
        assert all(torch.equal(p, q) for p, q in zip(a[:4], b[:4], strict=True))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_changes_nothing(workers):
    equal(list(training(workers=workers)), list(training()))


@pytest.mark.parametrize("done", [0, 1, 17])
def test_an_epoch_goes_on_with_the_next_untrained_batch_also_with_other_workers(done):
    whole = list(training(position=Position(2, 0)))
    equal(list(training(position=Position(2, done), workers=2)), whole[done:])
    assert len(training(position=Position(2, done))) == len(whole)


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=60), processes=st.lists(st.integers(1, 5), min_size=1,
    max_size=4), data=st.data(),
)  # fmt: skip
@settings(max_examples=60)
def test_an_epoch_on_changing_numbers_of_processes_trains_every_sample_once(lengths, processes, data):
    trained, checkpoint = [], None
    for number in processes:
        trainer = Trainer(number, lengths)
        trainer.epoch = 2
        if checkpoint is not None:
            trainer.resume(checkpoint)
        trained += trainer.train(data.draw(st.integers(0, len(trainer.loaders[0]) - trainer.done)))
        checkpoint = trainer.checkpoint()
    trained += trainer.train()
    assert sorted(trained) == list(range(len(lengths)))
    trainer.epoch, trainer.done = 3, 0
    assert sorted(trainer.train()) == list(range(len(lengths))), "the next epoch is a whole one"


def test_two_processes_that_become_one_leave_out_and_repeat_nothing():
    two = Trainer(2)
    first = two.train(7)
    of_two, of_one = len(two.loaders[0]), len(training())
    assert of_one == 2 * of_two - 1, "the step with a single batch is among the first seven"
    one = Trainer(1).resume(two.checkpoint())
    assert one.moved == (2 * 7 - 1, of_one, of_two)
    assert sorted(first + one.train()) == list(range(101))


def test_within_an_epoch_other_batches_are_refused():
    stopped = Trainer(1)
    stopped.train(3)
    with pytest.raises(UserError, match="these are not the batches of that epoch"):
        Trainer(1, budget=90).resume(stopped.checkpoint())
    with pytest.raises(UserError, match="these are not the batches of that epoch"):
        Trainer(2, budget=90).resume(stopped.checkpoint())
    whole = Trainer(1).checkpoint()
    assert sorted(Trainer(1, budget=90).resume(whole).train()) == list(range(101))


def test_epochs_differ():
    first, second = ([batch.ids.tolist() for batch in training(position=Position(epoch, 0))] for epoch in (0, 1))
    assert first != second


def test_the_position_is_asked_at_every_iteration():
    position = Position(0, 0)
    loader = training()
    loader._position = lambda: position
    whole = list(loader)
    position = Position(0, len(whole) - 1)
    equal(list(loader), whole[-1:])


def test_reading_leaves_the_random_numbers_alone():
    before = torch.get_rng_state()
    list(training())
    assert torch.equal(before, torch.get_rng_state())


@given(
    lengths=st.lists(st.integers(1, 20), min_size=1, max_size=50), processes=st.integers(1, 5),
    batch_size=st.integers(1, 9),
)  # fmt: skip
@settings(max_examples=40)
def test_every_sample_counts_once_on_any_number_of_processes(lengths, processes, batch_size):
    batches = evaluation_batches(lengths, Budget(batch_size=batch_size))
    read = Read(lengths)
    loaders = [BucketEvaluationLoader(batches, read, rank, processes) for rank in range(processes)]
    dealt = [list(loader) for loader in loaders]
    assert {len(one) for one in dealt} == {len(loaders[0])}, "all processes take the same number of steps"
    flat = [batch for one in dealt for batch in one]
    assert sorted(i for batch in flat for i in batch.ids.tolist() if i >= 0) == list(range(len(lengths)))
    assert sum(batch.tokens for batch in flat) == sum(lengths)
    alone = {batch.ids.tolist()[0]: batch for batch in BucketEvaluationLoader(batches, read)}
    for batch in flat:
        if batch.ids[0] >= 0:
            equal([batch], [alone[int(batch.ids[0])]])
        else:
            assert batch.tokens == 0
            assert (batch.ids < 0).all()


def test_evaluation_with_workers():
    batches = evaluation_batches(LENGTHS, Budget(batch_size=8))
    equal(
        list(BucketEvaluationLoader(batches, Read(LENGTHS), 1, 2, num_workers=2)),
        list(BucketEvaluationLoader(batches, Read(LENGTHS), 1, 2)),
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_sample_is_told_in_three_lines(workers):
    batches = evaluation_batches(LENGTHS, Budget(batch_size=8))
    with pytest.raises(UserError) as caught:
        list(BucketEvaluationLoader(batches, refuse, num_workers=workers))
    assert str(caught.value) == "a.wav\nthis sample is broken\nmend it"
    assert caught.value.hint == "mend it"


def test_the_largest_batch_and_what_to_lower():
    loader = training()
    assert loader.largest_batch().x.numel() >= max(batch.x.numel() for batch in loader)
    assert loader.size_options() == "--data.max_tokens (now 60)"


def test_padding():
    x, lengths = pad([torch.tensor([1, 2, 3]), torch.tensor([], dtype=torch.int64)], IGNORED)
    assert x.tolist() == [[1, 2, 3], [IGNORED] * 3]
    assert lengths.tolist() == [3, 0]
    assert lengths.dtype == torch.int64
    x, lengths = pad([torch.ones(2, 5), torch.ones(4, 5)], 0)
    assert x.shape == (2, 4, 5)
    assert x[0, 2:].abs().sum() == 0
