"""Where a training stands is kept for any number of processes, by the data of every application."""

from types import SimpleNamespace

import pytest
from lightning.pytorch.loops.progress import _BatchProgress

from rnnbench.applications import applications
from rnnbench.bench.training_step import instantiate

STREAMS = {"text_generation", "word_vectors"}
"""Those that read one text, and no samples."""
DEFAULT = {"forecasting", "sentiment"}


def standing_at(rank, processes, done):
    """A trainer that has done some steps of the first epoch."""
    progress = _BatchProgress()
    for counts in (progress.current, progress.total):
        counts.ready = counts.started = counts.processed = counts.completed = done
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=progress))
    return SimpleNamespace(
        global_rank=rank, world_size=processes, is_global_zero=rank == 0, current_epoch=0, fit_loop=loop,
        lightning_module=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "application",
    [
        pytest.param(one, marks=[] if one in DEFAULT else [pytest.mark.slow])
        for one in applications()
        if one not in STREAMS
    ],
)
def test_two_processes_that_become_one_leave_out_and_repeat_nothing(application):
    card = applications()[application].card
    _, data = instantiate([card.quick, *card.tiny])
    data.prepare_data()
    data.setup("fit")
    trained, states = [], []
    for rank in range(2):
        data.trainer = standing_at(rank, 2, 0)
        trained += next(iter(data.train_dataloader())).ids.tolist()
        data.trainer = standing_at(rank, 2, 1)
        states.append(data.train_dataloader().state_dict())
    assert states[0] == states[1]

    data.trainer = standing_at(0, 1, 1)
    loader = data.train_dataloader()
    loader.load_state_dict(states[0])
    rest = [number for batch in loader for number in batch.ids.tolist()]
    data.trainer = standing_at(0, 1, 0)
    everything = [number for batch in data.train_dataloader() for number in batch.ids.tolist()]
    assert rest
    assert sorted(number for number in trained + rest if number >= 0) == sorted(everything)
