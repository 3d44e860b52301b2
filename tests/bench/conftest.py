"""Measurements in this process: starting one takes longer than what the tests measure."""

import pytest

import rnnbench.bench.run


@pytest.fixture
def in_this_process(monkeypatch):
    def call(threads, environment, function, *args):
        return function(*args)

    monkeypatch.setattr(rnnbench.bench.run, "run_fresh", call)
