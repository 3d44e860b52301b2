"""A step of training is the same on any number of processes."""

import pytest
from joint_step import check_step, samples


@pytest.mark.slow
def test_one_step_on_many_processes(small):
    check_step(small.removeprefix("--config ").replace(" --trainer.log_every_n_steps 1", ""), samples)
