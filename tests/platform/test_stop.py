"""What the first Ctrl-C says, whatever is muted."""

import signal

import pytest

from rnnbench.cli.quiet import quiet
from rnnbench.platform.checkpoint import RunCheckpoint


def test_the_first_time_is_told_and_the_second_is_at_once(capfd):
    quiet()
    callback = RunCheckpoint()
    callback._ask_to_stop(signal.SIGINT, None)
    assert "stopping after this step and saving" in capfd.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        callback._ask_to_stop(signal.SIGINT, None)


def test_slurm_may_warn_as_often_as_it_likes():
    callback = RunCheckpoint()
    for _ in range(3):
        callback._ask_to_stop(signal.SIGUSR1, None)
    assert callback._requeue_asked
