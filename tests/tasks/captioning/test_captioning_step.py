"""A step of training is the same on any number of processes."""

import pytest
from joint_step import check_step, samples
from two_sides import small


@pytest.mark.slow
def test_one_step_on_many_processes(corpus):
    own = "--model.decoder SoftAttentionDecoder --model.decoder.doubly_stochastic 0.5"
    check_step(f"{small(corpus).removeprefix('--config ')} {own}", samples)
